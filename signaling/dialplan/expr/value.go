package expr

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// value is a number or a text. A quoted text keeps its quotes and is never a number.
type value struct {
	s      string
	num    *big.Float // nil when it is no number
	quoted bool
}

// mantissa is the precision of Asterisk's numbers, x87's long double; the exponents
// have its range too, which also bounds the work of printing one.
const (
	mantissa    = 64
	maxExponent = 16384
)

func quotedValue(s string) value { return value{s: s, quoted: true} }

func textValue(s string) value {
	if f, ok := parseNumber(s); ok {
		return value{s: s, num: f}
	}
	return value{s: s}
}

func numberValue(f *big.Float) value {
	switch e := f.MantExp(nil); {
	case f.IsInf() || e > maxExponent:
		if f.Signbit() {
			return value{s: "-inf"}
		}
		return value{s: "inf"}
	case e < -maxExponent:
		f = newNumber().Mul(f, newNumber()) // too small to tell from zero; keeps its sign
	}
	return value{num: f}
}

func intValue(n int64) value { return numberValue(newNumber().SetInt64(n)) }

func boolValue(b bool) value {
	if b {
		return intValue(1)
	}
	return intValue(0)
}

func newNumber() *big.Float { return new(big.Float).SetPrec(mantissa) }

// parseNumber reads digits, with or without a point and more digits; anything else
// is a text.
func parseNumber(s string) (*big.Float, bool) {
	if len(s) > 64 {
		return nil, false
	}
	whole, fraction, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if !isDigits(whole) || point && !isDigits(fraction) {
		return nil, false
	}
	return newNumber().SetString(s)
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// floatValue takes a number that was computed with 53 bits, without the noise that
// more digits would show.
func floatValue(f float64) value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return value{s: strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+"))}
	}
	v, _ := newNumber().SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return numberValue(v)
}

// text is the value as the result of $[ ].
func (v value) text() string {
	if v.s != "" || v.num == nil {
		return v.s
	}
	return formatNumber(v.num)
}

// plain is the text without its quotes.
func (v value) plain() string {
	s := v.text()
	if v.quoted && len(s) >= 2 {
		return s[1 : len(s)-1]
	}
	return s
}

// truth reports whether a value counts as true: neither empty nor a zero. A pair of
// quotes is not empty.
func (v value) truth() bool {
	if v.num != nil {
		return v.num.Sign() != 0
	}
	return v.s != ""
}

// formatNumber prints as C's %.18g does.
func formatNumber(f *big.Float) string {
	if f.Sign() == 0 && f.Signbit() {
		return "-0"
	}
	if f.IsInt() {
		if i, _ := f.Int64(); i > -1e18 && i < 1e18 {
			return strconv.FormatInt(i, 10)
		}
	}
	s := f.Text('e', 17)
	digits, exp, _ := strings.Cut(s, "e")
	e, err := strconv.Atoi(exp)
	if err != nil {
		return s
	}
	if e < -4 || e >= 18 {
		digits = trimZeros(digits)
		sign := "+"
		if e < 0 {
			sign, e = "-", -e
		}
		if e < 10 {
			sign += "0"
		}
		return digits + "e" + sign + strconv.Itoa(e)
	}
	return trimZeros(f.Text('f', 17-e))
}

func trimZeros(s string) string {
	if strings.IndexByte(s, '.') < 0 {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
