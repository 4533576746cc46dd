package function_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

// TestOwn has what a real Asterisk is no measure for: its buffers are shorter, its
// numbers smaller, it shows its own channel, or it reads on behind the end.
func TestOwn(t *testing.T) {
	long := strings.Repeat("x", substitute.MaxBytes-20)
	for _, c := range []struct{ text, want, err string }{
		{"${CHANNEL(name)} ${CHANNEL} ${CHANNEL(uniqueid)}", "PJSIP/1001-00000007 PJSIP/1001-00000007 1700000000.7", ""},
		{"${ENV(HOME)}|${ENV(NOSUCH)}", "/home/ann|", ""},
		{"${A:1", "ello", "no closing '}'"},
		{"${LEN(a}", "1", "no closing ')'"},
		{"$[1+1", "2", "no closing ']'"},
		{"${A:99999999999999999999}", "hello", ""},
		{"${A:0:99999999999999999999}", "hello", ""},
		{"${A:0:4294967296}", "hello", ""},
		{"${MATH(1<<-1,i)}", "-9223372036854775808", ""},
		{"${MATH(2^1000,i)}", "-9223372036854775808", ""},
		{"${MATH(1e10%7,i)}", "4", ""},
		{"${MATH(-0x10+1,i)}", "-15", ""},
		{"${MATH(0xzz+1)}", "", "use MATH"},
		{"${MATH(1e308*10)}", "inf", ""},
		{"${MATH(inf+1)}", "", "use MATH"},
		{"${MATH(" + strings.Repeat("1.", 200) + "+1)}", "2.100000", ""},
		{"${BASE64_DECODE(aGVs bG8=)}", "hello", ""},
		{"${BASE64_DECODE(!!!!)}", "", ""},
		{"${BASE64_DECODE(aGVsbG9=)}", "hello", ""},
		{"${FILTER(\\xzz,xyz)}", "", "use FILTER"},
		{"${FILTER(a-\\xzz,xyz)}", "", "use FILTER"},
		{"${FIELDQTY()}", "0", ""},
		{"${STRFTIME(0,UTC,%n%t%9q)}", "\n\t000000000", ""},
		{"${IFTIME(*,*,*,*,Nowhere/X?y:n)}", "n", "unknown time zone"},
		{"${IFTIME(00:00-00:00?y:n)}", "n", ""},
		{"${REGEX(\"" + strings.Repeat("a", 1025) + "\" a)}", "", "longer than 1024 bytes"},
		{"${SHIFT(NOSUCH(x))}", "", "no function NOSUCH"},
		{"${STRREPLACE(LONG,x,xy)}", "", "longer than 65536 bytes"},
		{"${LEN(${URIENCODE(${LONG})})}", strconv.Itoa(len(long)), ""},
		{"${LEN(${QUOTE(${LONG})})}", strconv.Itoa(len(long) + 2), ""},
		{"${LEN(${LONG}${LONG})}", strconv.Itoa(substitute.MaxBytes - len("LEN(")), "longer than 65536 bytes"},
		{"${INC(BIG)}", "", "too large"},
		{"${DEC(BIG)}", "9223372036854775806", ""},
	} {
		ch := &dialplantest.Channel{}
		dialplantest.Inside(t, ch, func(call *dialplan.Call) {
			ch.SetVar("A", "hello")
			ch.SetVar("LONG", long)
			ch.SetVar("BIG", "9223372036854775807")
			got, err := substitute.Text(call, c.text)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%.60s = %.80q (%.200v), want %q (%s)", c.text, got, err, c.want, c.err)
			}
		}, with(t, function.Env(func(name string) string { return map[string]string{"HOME": "/home/ann"}[name] })))
	}
}

// TestWritesThatFail sets functions to what they do not take.
func TestWritesThatFail(t *testing.T) {
	for name, want := range map[string]string{
		"PUSH(NOSUCH(x))": "no function NOSUCH", "UNSHIFT(NOSUCH(x))": "no function NOSUCH", "ARRAY(A,LEN(x),B)": "LEN cannot be set",
		"NOSUCH(x)": "no function", "LEN(x)": "cannot be set", "HASH(h)": "use HASH", "CALLERID(dnid)": "cannot be set",
		"TIMEOUT(x)": "use TIMEOUT", "LOCAL(x)": "not in a subroutine", "PUSH(LONG)": "longer than 65536 bytes",
		"HASH(h," + strings.Repeat("k", substitute.MaxBytes+1) + ")": "longer than 65536 bytes",
	} {
		ch := &dialplantest.Channel{}
		dialplantest.Inside(t, ch, func(call *dialplan.Call) {
			ch.SetVar("LONG", strings.Repeat("x", substitute.MaxBytes))
			if err := call.SetVar(name, "1"); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%.60s: %v, want %s", name, err, want)
			}
		})
	}
}

// with adds a function to those of a call.
func with(t *testing.T, f dialplan.Function) func(*dialplan.Options) {
	return func(o *dialplan.Options) {
		t.Helper()
		funcs, err := dialplan.NewFunctions(o.Functions.List(), []dialplan.Function{f})
		if err != nil {
			t.Fatal(err)
		}
		o.Functions = funcs
	}
}

// Values that name themselves, as a caller may call himself, are read until it is too
// deep; where each level reads two of the next, until the steps are used up.
func TestValuesThatNameThemselves(t *testing.T) {
	const burst = 200
	for _, c := range []struct {
		text, name string
		want       string // where it ends
	}{
		{"${EVAL(${CALLERID(name)})}", "EVAL(${CALLERID(name)})", "EVAL(EVAL(${CALLERID(name)}))"},
		{"${EVAL(${CALLERID(name)})}", "${EVAL(${CALLERID(name)})}", "too deep"},
		{"${EVAL(${CALLERID(name)})}", "${EVAL(${CALLERID(name)})}${EVAL(${CALLERID(name)})}", "too deep"},
		{"${CUT(${CALLERID(name)},-,1)}", "CUT(${CALLERID(name)},-,1)", "too deep"},
		{"${CUT(${CALLERID(name)},-,1)}", "CUT(${COUNT()}${CUT(${CALLERID(name)},-,1)}${CUT(${CALLERID(name)},-,1)},-,1)", "too deep"},
		{"${FIELDQTY(${CALLERID(name)},-)}", "FIELDQTY(${CALLERID(name)},-)", "too deep"},
		{"${INC(${CALLERID(name)})}", "INC(${CALLERID(name)})", "too deep"},
		{"${SHIFT(${CALLERID(name)})}", "SHIFT(${CALLERID(name)})", "too deep"},
		{"${STRREPLACE(${CALLERID(name)},a,b)}", "STRREPLACE(${CALLERID(name)},a,b)", "too deep"},
	} {
		t.Run(c.text+" of "+c.name, func(t *testing.T) {
			reads := 0
			ch := &dialplantest.Channel{}
			counted := dialplan.Function{Name: "COUNT", Read: func(*dialplan.Call, string) (string, error) {
				reads++
				return "", nil
			}}
			dialplantest.Inside(t, ch, func(call *dialplan.Call) {
				ch.Caller.Name = c.name
				got, err := substitute.Text(call, c.text)
				if err != nil {
					got = "too deep"
				}
				if got != c.want {
					t.Errorf("%q, want %q", got, c.want)
				}
			}, func(o *dialplan.Options) {
				o.Config.Burst, o.Config.StepsPerSecond = burst, 1
			}, with(t, counted))
			if reads > burst {
				t.Errorf("%d reads of at most %d", reads, burst)
			}
		})
	}
}
