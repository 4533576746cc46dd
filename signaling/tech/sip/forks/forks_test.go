package forks_test

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/forks"
)

// TestHeard: "a1" is the first description of branch a, "-a" its end, "=a1" its 2xx. What is
// put into effect follows.
func TestHeard(t *testing.T) {
	type step struct{ what, put string }
	for _, c := range []struct {
		name         string
		follow, many bool
		steps        []step
	}{
		{"one branch", true, false, []step{{"a1", "a1"}, {"a1", ""}, {"a2", ""}, {"=a1", ""}}},
		{"its answer changes", true, false, []step{{"a1", "a1"}, {"=a2", ""}}},
		{"its answer may change", true, true, []step{{"a1", "a1"}, {"a2", "a2"}, {"=a3", "a3"}}},
		{"no early answer", true, false, []step{{"=a1", "a1"}}},
		{"the 2xx has none", true, false, []step{{"a1", "a1"}, {"=a", ""}}},
		{"never any", true, false, []step{{"=a", "refused"}}},
		{"the last is heard", true, false, []step{{"a1", "a1"}, {"b1", "b1"}, {"a1", ""}, {"=b1", ""}}},
		{"another answers", true, false, []step{{"a1", "a1"}, {"b1", "b1"}, {"=a1", "a1"}}},
		{"another answers with what it said before", true, false, []step{{"a1", "a1"}, {"b1", "b1"}, {"=a", "a1"}}},
		{"another answers with something else", true, false, []step{{"a1", "a1"}, {"b1", "b1"}, {"=a2", "a1"}}},
		{"a third answers", true, false, []step{{"a1", "a1"}, {"b1", "b1"}, {"=c1", "c1"}}},
		{"a third answers without", true, false, []step{{"a1", "a1"}, {"=c", "refused"}}},
		{"the first is heard", false, false, []step{{"a1", "a1"}, {"b1", ""}, {"=b", "b1"}}},
		{"one has ended", true, false, []step{{"a1", "a1"}, {"b1", "b1"}, {"-b", "a1"}, {"=a1", ""}}},
		{"one that is not heard has ended", false, false, []step{{"a1", "a1"}, {"b1", ""}, {"-b", ""}, {"=a", ""}}},
		{"the only one has ended", true, false, []step{{"a1", "a1"}, {"-a", ""}, {"b1", "b1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := forks.Heard{Follow: c.follow, Many: c.many}
			for i, s := range c.steps {
				put := ""
				switch s.what[0] {
				case '-':
					tag, answer := h.Ended(s.what[1:2])
					if put = string(answer); put != "" {
						h.Use(tag)
					}
				case '=':
					body := s.what[1:]
					if len(body) == 1 {
						body = ""
					}
					answer, err := h.Final(s.what[1:2], []byte(body))
					if put = string(answer); fault.Of(err) == fault.NotAcceptable {
						put = "refused"
					}
				default:
					if h.Early(s.what[:1], []byte(s.what)) {
						put = s.what
						h.Use(s.what[:1])
					}
				}
				if put != s.put {
					t.Errorf("step %d, %s: %q is put into effect, want %q", i, s.what, put, s.put)
				}
			}
		})
	}
}

func TestTooManyBranches(t *testing.T) {
	h := forks.Heard{Follow: true}
	for i := range 16 {
		if !h.Early(fmt.Sprint(i), []byte("answer")) {
			t.Errorf("branch %d is not heard", i)
		}
	}
	if h.Early("16", []byte("answer")) {
		t.Error("one too many is heard")
	}
}
