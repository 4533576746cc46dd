package dtmf

import (
	"fmt"
	"strings"
	"testing"
)

// packet is one line of a receiver case: timestamp, marker, event, end, duration.
type packet struct {
	ts       uint32
	marker   bool
	event    uint8
	end      bool
	duration uint16
}

func show(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		if e.Kind == Begin {
			fmt.Fprintf(&b, "+%c ", e.Digit)
		} else {
			fmt.Fprintf(&b, "-%c(%d) ", e.Digit, e.Duration.Milliseconds())
		}
	}
	return strings.TrimSpace(b.String())
}

func TestReceiver(t *testing.T) {
	for _, c := range []struct {
		name    string
		packets []packet
		want    string
	}{
		{"whole", []packet{{1000, true, 5, false, 160}, {1000, false, 5, false, 320}, {1000, false, 5, true, 800}, {1000, false, 5, true, 800}, {1000, false, 5, true, 800}}, "+5 -5(100)"},
		{"begin lost", []packet{{1000, false, 5, false, 320}, {1000, false, 5, true, 480}}, "+5 -5(60)"},
		{"only an end", []packet{{1000, false, 10, true, 480}}, "+* -*(60)"},
		{"end lost", []packet{{1000, true, 1, false, 160}, {1000, false, 1, false, 320}, {9000, true, 2, false, 160}, {9000, false, 2, true, 320}}, "+1 -1(40) +2 -2(40)"},
		{"the same digit twice", []packet{{1000, true, 7, true, 400}, {3000, true, 7, true, 400}}, "+7 -7(50) +7 -7(50)"},
		{"late update after the end", []packet{{1000, true, 7, true, 400}, {1000, false, 7, false, 320}}, "+7 -7(50)"},
		{"update out of order", []packet{{1000, true, 7, false, 320}, {1000, false, 7, false, 160}, {1000, false, 7, true, 480}}, "+7 -7(60)"},
		{"late packet of an earlier digit", []packet{{1000, true, 1, true, 400}, {3000, true, 2, false, 160}, {1000, false, 1, true, 400}, {3000, false, 2, true, 480}}, "+1 -1(50) +2 -2(60)"},
		{"stream starts anew", []packet{{3000000000, true, 1, true, 400}, {1000, true, 2, true, 400}}, "+1 -1(50) +2 -2(50)"},
		{"timestamp wraps", []packet{{0xffffff00, true, 1, true, 400}, {2000, true, 2, true, 400}}, "+1 -1(50) +2 -2(50)"},
		{"two segments", []packet{{1000, true, 3, false, 0xffff}, {1000 + 0xffff, false, 3, false, 160}, {1000 + 0xffff, false, 3, true, 801}}, "+3 -3(8292)"},
		{"segment with a marker is a digit", []packet{{1000, true, 3, false, 0xffff}, {1000 + 0xffff, true, 3, true, 160}}, "+3 -3(8191) +3 -3(20)"},
		{"flash", []packet{{1000, true, 16, true, 800}}, "+! -!(100)"},
		{"no digit", []packet{{1000, true, 66, true, 800}}, ""},
		{"another event in the same timestamp", []packet{{1000, true, 1, false, 160}, {1000, false, 2, false, 160}, {1000, false, 1, true, 320}}, "+1 -1(40)"},
		{"left open", []packet{{1000, true, 1, false, 160}}, "+1 flush -1(20)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewReceiver(8000)
			var got []string
			for _, p := range c.packets {
				b := Payload{Event: p.event, End: p.end, Volume: 10, Duration: p.duration}.Bytes()
				if s := show(r.Packet(p.ts, p.marker, b[:])); s != "" {
					got = append(got, s)
				}
			}
			if e, ok := r.Flush(); ok {
				got = append(got, "flush", show([]Event{e}))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
			if r.Active() {
				t.Error("a digit is still open")
			}
		})
	}
}

func TestReceiverReset(t *testing.T) {
	r := NewReceiver(8000)
	b := Payload{Event: 1, End: true, Duration: 400}.Bytes()
	r.Packet(1000, true, b[:])
	if got := r.Packet(1000, true, b[:]); len(got) != 0 {
		t.Errorf("a repeat gave %s", show(got))
	}
	if r.Reset(); len(r.Packet(1000, true, b[:])) != 2 {
		t.Error("the same timestamp of a new stream was ignored")
	}
	if got := r.Packet(5000, true, []byte{1, 2}); len(got) != 0 {
		t.Errorf("a short payload gave %s", show(got))
	}
}
