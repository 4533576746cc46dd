package fanout_test

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
)

type member struct{ got []string }

func (m *member) Deliver(topic string, f fanout.Frame) { m.got = append(m.got, topic+"/"+f.Type) }

// A member that joins another topic while it is told does not stop the hub.
func TestHubIsFreeWhileItTells(t *testing.T) {
	hub := fanout.NewHub()
	m := &curious{hub: hub}
	hub.Join("a", m)
	hub.Publish("a", fanout.Frame{Type: "X"})
	if got := hub.Topics(m); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

type curious struct{ hub *fanout.Hub }

func (c *curious) Deliver(topic string, _ fanout.Frame) { c.hub.Join(topic+"'", c) }

// Members get what is published on the topics that they are in, and nothing else.
func TestHub(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hub := fanout.NewHub()
		members := []*member{{}, {}, {}}
		topics := []string{"a", "b", "c"}
		in := make(map[*member][]string)
		who := func(t *rapid.T) (*member, string) {
			return rapid.SampledFrom(members).Draw(t, "member"), rapid.SampledFrom(topics).Draw(t, "topic")
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				m, topic := who(t)
				hub.Join(topic, m)
				if !slices.Contains(in[m], topic) {
					in[m] = append(in[m], topic)
				}
			},
			"leave": func(t *rapid.T) {
				m, topic := who(t)
				if hub.Leave(topic, m) != slices.Contains(in[m], topic) {
					t.Fatalf("leave %s", topic)
				}
				in[m] = slices.DeleteFunc(in[m], func(o string) bool { return o == topic })
			},
			"leave all": func(t *rapid.T) {
				m, _ := who(t)
				hub.LeaveAll(m)
				in[m] = nil
			},
			"publish": func(t *rapid.T) {
				_, topic := who(t)
				hub.Publish(topic, fanout.Frame{Type: "X"})
				heard := false
				for _, m := range members {
					var want []string
					if slices.Contains(in[m], topic) {
						want, heard = []string{topic + "/X"}, true
					}
					if !slices.Equal(m.got, want) {
						t.Fatalf("got %v instead of %v", m.got, want)
					}
					m.got = nil
				}
				if hub.Heard(topic) != heard {
					t.Fatalf("heard: %v", !heard)
				}
			},
			"": func(t *rapid.T) {
				for _, m := range members {
					got := hub.Topics(m)
					slices.Sort(got)
					slices.Sort(in[m])
					if !slices.Equal(got, in[m]) {
						t.Fatalf("in %v instead of %v", got, in[m])
					}
				}
			},
		})
	})
}

func TestFrames(t *testing.T) {
	for _, v := range []any{nil, struct{}{}, map[string]any{"a": "\"\u2028<&>\x00"}, struct{ N int }{7}} {
		f, err := fanout.NewFrame("T", v)
		if err != nil {
			t.Fatal(err)
		}
		text := f.Append(nil, 9, "2026-01-02T03:04:05Z")
		var got struct {
			Type, Timestamp string
			Seq             uint64
		}
		if err := json.Unmarshal(text, &got); err != nil || got.Type != "T" || got.Seq != 9 || got.Timestamp != "2026-01-02T03:04:05Z" {
			t.Errorf("%s: %+v %v", text, got, err)
		}
	}
	for _, v := range []any{7, []int{1}, "{}", func() {}} {
		if _, err := fanout.NewFrame("T", v); err == nil {
			t.Errorf("%T is a frame", v)
		}
	}
}
