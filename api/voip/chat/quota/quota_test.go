package quota

import (
	"strconv"
	"testing"
	"time"
)

func TestQuota(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	b := New(Rate{PerDay: 2400, Burst: 1000}, func() time.Time { return now })
	for _, tc := range []struct {
		after time.Duration
		user  string
		bytes int
		want  bool
	}{
		{0, "ana", 1001, false}, // never
		{0, "ana", 600, true},
		{0, "ana", 401, false},
		{0, "ana", 400, true},
		{0, "ana", 1, false},
		{0, "bo", 1000, true}, // is another
		{time.Hour, "ana", 101, false},
		{0, "ana", 100, true},
		{48 * time.Hour, "ana", 1001, false}, // a pause is worth a burst, no more
		{0, "ana", 1000, true},
	} {
		now = now.Add(tc.after)
		if got := b.Take(tc.user, tc.bytes); got != tc.want {
			t.Errorf("%d bytes of %s's: %v", tc.bytes, tc.user, got)
		}
	}
	if free := New(Rate{}, time.Now); !free.Take("ana", 1<<40) {
		t.Error("no limit refuses")
	}
}

// However many users write, those who are remembered are bounded, and who may write all anyway goes first.
func TestManyUsers(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	b := New(Rate{PerDay: 2400, Burst: 1000}, func() time.Time { return now })
	for i := range most {
		b.Take(strconv.Itoa(i), 1)
	}
	now = now.Add(time.Hour)
	b.Take("ana", 1000)
	if len(b.full) != 1 || b.Take("ana", 1) {
		t.Errorf("%d users are remembered", len(b.full))
	}
	for i := range most + 10 {
		b.Take(strconv.Itoa(i), 1000)
	}
	if len(b.full) != most {
		t.Errorf("%d users are remembered", len(b.full))
	}
}
