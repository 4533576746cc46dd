package timing

import (
	"testing"
	"time"
)

// conditions are whether they hold on a Sunday, 22 November 2026, at half past twelve.
var conditions = []struct {
	text string
	want string // yes, no or error
}{
	{"*,*,*,*", "yes"}, {"", "yes"}, {"12:00-13:00", "yes"}, {"12:30", "yes"}, {"12:30-12:30", "yes"}, {"12:31-13:00", "no"},
	{"22:00-12:30", "yes"}, {"22:00-12:29", "no"}, {"9:00-10:00&12:00-12:45", "yes"}, {"*,sun", "yes"}, {"*,sat-mon", "yes"},
	{"*,mon-sat", "no"}, {"*,mon&sun", "yes"}, {"*,Sunday", "yes"}, {"*,*,22", "yes"}, {"*,*,20-25", "yes"}, {"*,*,25-20", "no"},
	{"*,*,*,nov", "yes"}, {"*,*,*,oct-dec", "yes"}, {"*,*,*,jan-mar", "no"}, {"*,*,*,11", "yes"}, {"*,0", "yes"},
	{"13:00-14:00,*,*,*,Europe/Paris", "yes"}, {"12:00-13:00,*,*,*,Europe/Paris", "no"},
	{"12:00-13:00|sun|*|*", "yes"}, {"25:00-26:00", "error"}, {"12", "error"}, {"*,xyz", "error"}, {"*,*,32", "error"}, {"*,*,0", "error"},
	{"*,*,*,13", "error"}, {"*,*,*,*,Nowhere/At_All", "error"}, {"1,2,3,4,5,6", "error"},
	{"*,*,1-x", "error"}, {"9:00-x", "error"}, {"9:60", "error"}, {"-1:00", "error"}, {"*,mon-", "error"}, {"&", "error"}, {"*,7", "error"},
}

func TestParse(t *testing.T) {
	sunday := time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)
	for _, c := range conditions {
		timing, err := Parse(c.text)
		got := "error"
		if err == nil {
			got = map[bool]string{true: "yes", false: "no"}[timing.Holds(sunday)]
		}
		if got != c.want {
			t.Errorf("%q: %s (%v), want %s", c.text, got, err, c.want)
		}
	}
}

func TestAlways(t *testing.T) {
	var none *Condition
	if !none.Holds(time.Now()) {
		t.Error("no condition does not hold")
	}
}

// FuzzParse looks for panics.
func FuzzParse(f *testing.F) {
	for _, c := range conditions {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		for _, at := range []time.Time{time.Unix(0, 0).UTC(), time.Date(2028, 2, 29, 23, 59, 59, 0, time.UTC)} {
			c.Holds(at)
		}
	})
}
