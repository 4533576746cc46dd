package function

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// readStrftime is STRFTIME([epoch][,[timezone][,format]]). Without an epoch it is now.
func readStrftime(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 3)
	at := c.Now()
	if seconds, err := strconv.ParseFloat(argument.At(parts, 0), 64); err == nil && math.Abs(seconds) < 1<<40 {
		whole, fraction := math.Modf(seconds)
		at = time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000)
	}
	var err error
	if zone := argument.At(parts, 1); zone != "" {
		var loc *time.Location
		if loc, err = time.LoadLocation(zone); err != nil {
			loc, err = time.UTC, fmt.Errorf("STRFTIME: %w", err)
		}
		at = at.In(loc)
	}
	format := "%c"
	if len(parts) > 2 {
		format = parts[2]
	}
	return strftime(at, format), err
}

// conversions are the letters of strftime that are one of Go's layouts.
var conversions = map[byte]string{
	'A': "Monday", 'a': "Mon", 'B': "January", 'b': "Jan", 'h': "Jan", 'd': "02", 'e': "_2", 'H': "15", 'I': "03",
	'j': "002", 'm': "01", 'M': "04", 'p': "PM", 'S': "05", 'Y': "2006", 'y': "06", 'Z': "MST", 'z': "-0700",
	'T': "15:04:05", 'D': "01/02/06", 'F': "2006-01-02", 'R': "15:04", 'c': "Mon Jan _2 15:04:05 2006",
	'x': "01/02/06", 'X': "15:04:05", 'r': "03:04:05 PM", '+': "Mon Jan _2 15:04:05 MST 2006",
}

// maxFormatted bounds what a format grows to, in bytes.
const maxFormatted = 4096

// strftime is C's, with Asterisk's %q for milliseconds (%3q, %6q for more digits)
// and the flags - _ and 0 ignored.
func strftime(t time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format) && b.Len() < maxFormatted; i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		start := i
		i++
		digits := 0
		for i < len(format) && strings.IndexByte("-_0123456789EO", format[i]) >= 0 && i+1 < len(format) {
			if format[i] >= '0' && format[i] <= '9' {
				digits = min(digits*10+int(format[i]-'0'), 9)
			}
			i++
		}
		if s, ok := convert(t, format[i], digits); ok {
			b.WriteString(s)
		} else {
			b.WriteString(format[start : i+1])
		}
	}
	return b.String()
}

func convert(t time.Time, letter byte, digits int) (string, bool) {
	if layout, ok := conversions[letter]; ok {
		s := t.Format(layout)
		if digits > len(s) {
			s = strings.Repeat("0", digits-len(s)) + s
		}
		return s, true
	}
	year, week := t.ISOWeek()
	weekday := int(t.Weekday())
	number := func(width, n int) (string, bool) { return fmt.Sprintf("%0*d", width, n), true }
	switch letter {
	case '%':
		return "%", true
	case 'n':
		return "\n", true
	case 't':
		return "\t", true
	case 's':
		return strconv.FormatInt(t.Unix(), 10), true
	case 'q':
		if digits == 0 {
			digits = 3
		}
		return fmt.Sprintf("%09d", t.Nanosecond())[:digits], true
	case 'C':
		return number(2, t.Year()/100)
	case 'G':
		return number(4, year)
	case 'g':
		return number(2, year%100)
	case 'V':
		return number(2, week)
	case 'U':
		return number(2, (t.YearDay()+6-weekday)/7)
	case 'W':
		return number(2, (t.YearDay()+6-(weekday+6)%7)/7)
	case 'u':
		return number(1, (weekday+6)%7+1)
	case 'w':
		return number(1, weekday)
	case 'P':
		return strings.ToLower(t.Format("PM")), true
	case 'k':
		return fmt.Sprintf("%2d", t.Hour()), true
	case 'l':
		return fmt.Sprintf("%2d", (t.Hour()+11)%12+1), true
	}
	return "", false
}
