package repeat_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/internal/repeat"
)

// TestRepetition: at what time of a life of 32 s something is sent again.
func TestRepetition(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name string
		most time.Duration
		stop time.Duration // 0: never
		want []time.Duration
		gone bool
	}{
		{name: "2xx", most: 4 * s, gone: true,
			want: []time.Duration{s / 2, 3 * s / 2, 7 * s / 2, 15 * s / 2, 23 * s / 2, 31 * s / 2, 39 * s / 2, 47 * s / 2, 55 * s / 2, 63 * s / 2}},
		{name: "reliable provisional", gone: true,
			want: []time.Duration{s / 2, 3 * s / 2, 7 * s / 2, 15 * s / 2, 31 * s / 2, 63 * s / 2}},
		{name: "acknowledged", most: 4 * s, stop: 2 * s, want: []time.Duration{s / 2, 3 * s / 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				var sent []time.Duration
				gone := false
				r := repeat.Start(repeat.Config{
					First: s / 2, Most: c.most, Life: 32 * s, After: time.AfterFunc,
					Send:   func() { sent = append(sent, time.Since(begin)) },
					GiveUp: func() { gone = time.Since(begin) == 32*s },
				})
				if c.stop > 0 {
					time.AfterFunc(c.stop, func() {
						if !r.Stop() || r.Stop() {
							t.Error("stopped once")
						}
					})
				}
				time.Sleep(100 * s)
				synctest.Wait()
				if !slices.Equal(sent, c.want) || gone != c.gone {
					t.Errorf("sent at %v, given up %v", sent, gone)
				}
			})
		})
	}
}
