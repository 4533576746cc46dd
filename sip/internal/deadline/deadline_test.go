package deadline

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestAgainstModel drives a Set and a plain map side by side.
func TestAgainstModel(t *testing.T) {
	start := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var s Set[int]
		model := map[int]time.Time{}
		earliest := func() (at time.Time, ok bool) {
			for _, v := range model {
				if !ok || v.Before(at) {
					at, ok = v, true
				}
			}
			return at, ok
		}
		name := rapid.IntRange(0, 9)
		when := rapid.Custom(func(t *rapid.T) time.Time {
			return start.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "second")) * time.Second)
		})
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k, v := name.Draw(t, "name"), when.Draw(t, "at")
				s.Put(k, v)
				model[k] = v
			},
			"drop": func(t *rapid.T) {
				k := name.Draw(t, "name")
				s.Drop(k)
				delete(model, k)
			},
			"due": func(t *rapid.T) {
				now := when.Draw(t, "now")
				first, some := earliest()
				k, ok := s.Due(now)
				if ok != (some && !first.After(now)) || ok && !model[k].Equal(first) {
					t.Fatalf("due at %v gives %d, %v; earliest is %v", now, k, ok, first)
				}
				if ok {
					delete(model, k)
				}
			},
			"": func(t *rapid.T) {
				want, some := earliest()
				got, ok := s.Next()
				if ok != some || !got.Equal(want) || s.Len() != len(model) {
					t.Fatalf("next is %v, %v of %d; want %v, %v of %d", got, ok, s.Len(), want, some, len(model))
				}
			},
		})
	})
}
