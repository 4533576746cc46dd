// Package timing is the time conditions of includes, GotoIfTime and IFTIME.
package timing

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Condition is when something holds: sets of minutes of the day, days of the week,
// days of the month and months. Its text is
// "times,weekdays,mdays,months[,timezone]"; every field may be "*", a range
// ("9:00-17:00", "fri-mon") or several joined by "&". The last minute belongs to
// its range.
type Condition struct {
	minutes  [1440 / 60]uint64
	weekdays uint8  // bit 0 is Sunday
	mdays    uint32 // bit 1 is the first
	months   uint16 // bit 1 is January
	zone     *time.Location
}

var weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

var monthNames = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// Parse reads a time condition. Fields left out hold always.
func Parse(text string) (*Condition, error) {
	sep := ","
	if strings.Contains(text, "|") && !strings.Contains(text, ",") {
		sep = "|"
	}
	fields := strings.Split(text, sep)
	if len(fields) > 5 {
		return nil, fmt.Errorf("time condition %q has %d fields, at most 5", text, len(fields))
	}
	field := func(i int) string {
		if i < len(fields) {
			return strings.TrimSpace(fields[i])
		}
		return ""
	}
	t := &Condition{}
	err := parseField(field(0), 1440, minuteOf, func(i int) { t.minutes[i/60] |= 1 << (i % 60) })
	if err == nil {
		err = parseField(field(1), 7, nameOf(weekdayNames, 0), func(i int) { t.weekdays |= 1 << i })
	}
	if err == nil {
		err = parseField(field(2), 31, dayOf, func(i int) { t.mdays |= 1 << (i + 1) })
	}
	if err == nil {
		err = parseField(field(3), 12, nameOf(monthNames, 1), func(i int) { t.months |= 1 << (i + 1) })
	}
	if err != nil {
		return nil, fmt.Errorf("time condition %q: %w", text, err)
	}
	if name := field(4); name != "" && name != "*" {
		if t.zone, err = time.LoadLocation(name); err != nil {
			return nil, fmt.Errorf("time condition %q: %w", text, err)
		}
	}
	return t, nil
}

// parseField sets every value in 0..n-1 that text names; ranges wrap around.
func parseField(text string, n int, value func(string) (int, error), set func(int)) error {
	if text == "" || text == "*" {
		for i := range n {
			set(i)
		}
		return nil
	}
	for _, part := range strings.Split(text, "&") {
		from, to, isRange := strings.Cut(part, "-")
		lo, err := value(strings.TrimSpace(from))
		if err != nil {
			return err
		}
		hi := lo
		if isRange {
			if hi, err = value(strings.TrimSpace(to)); err != nil {
				return err
			}
		}
		for i := lo; ; i = (i + 1) % n {
			set(i)
			if i == hi {
				break
			}
		}
	}
	return nil
}

func minuteOf(s string) (int, error) {
	hour, minute, ok := strings.Cut(s, ":")
	h, err1 := strconv.Atoi(hour)
	m, err2 := strconv.Atoi(minute)
	if !ok || err1 != nil || err2 != nil || h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, fmt.Errorf("%q is no time of day", s)
	}
	return h*60 + m, nil
}

func dayOf(s string) (int, error) {
	d, err := strconv.Atoi(s)
	if err != nil || d < 1 || d > 31 {
		return 0, fmt.Errorf("%q is no day of a month", s)
	}
	return d - 1, nil
}

// nameOf reads a name by its first three letters, or a number that starts at base.
func nameOf(names []string, base int) func(string) (int, error) {
	return func(s string) (int, error) {
		if len(s) >= 3 {
			for i, n := range names {
				if strings.EqualFold(s[:3], n) {
					return i, nil
				}
			}
		}
		if d, err := strconv.Atoi(s); err == nil && d >= base && d < base+len(names) {
			return d - base, nil
		}
		return 0, fmt.Errorf("%q is none of %s", s, strings.Join(names, " "))
	}
}

// Holds reports whether the condition holds at a time; a nil one always does.
func (t *Condition) Holds(at time.Time) bool {
	if t == nil {
		return true
	}
	if t.zone != nil {
		at = at.In(t.zone)
	}
	minute := at.Hour()*60 + at.Minute()
	return t.minutes[minute/60]&(1<<(minute%60)) != 0 &&
		t.weekdays&(1<<int(at.Weekday())) != 0 &&
		t.mdays&(1<<at.Day()) != 0 &&
		t.months&(1<<int(at.Month())) != 0
}
