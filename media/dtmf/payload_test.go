package dtmf

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// payloads feed parse, print and fuzz.
var payloads = []struct {
	name string
	wire []byte
	want Payload
}{
	{"begin of 1", []byte{1, 10, 0, 160}, Payload{Event: 1, Volume: 10, Duration: 160}},
	{"end of #", []byte{11, 0x8a, 3, 0x20}, Payload{Event: 11, End: true, Volume: 10, Duration: 800}},
	{"flash", []byte{16, 0, 0, 0}, Payload{Event: 16}},
	{"all bits", []byte{255, 0xbf, 255, 255}, Payload{Event: 255, End: true, Volume: 63, Duration: 65535}},
}

func TestPayload(t *testing.T) {
	for _, c := range payloads {
		got, err := ParsePayload(c.wire)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
		if b := c.want.Bytes(); !slices.Equal(b[:], c.wire) {
			t.Errorf("%s: % x, want % x", c.name, b, c.wire)
		}
	}
	for _, b := range [][]byte{nil, {1}, {1, 2, 3}} {
		if _, err := ParsePayload(b); !errors.Is(err, ErrShort) {
			t.Errorf("% x: %v", b, err)
		}
	}
	// The reserved bit and padding are ignored, an impossible volume is bounded.
	if p, err := ParsePayload([]byte{5, 0x40, 0, 1, 9, 9}); err != nil || p != (Payload{Event: 5, Duration: 1}) {
		t.Errorf("reserved bit and padding: %+v, %v", p, err)
	}
	if b := (Payload{Volume: 200}).Bytes(); b[1] != 63 {
		t.Errorf("volume 200 is %#x on the wire", b[1])
	}
}

func TestDigits(t *testing.T) {
	for i := range 256 {
		d, ok := Digit(uint8(i))
		if ok != (i <= 16) {
			t.Fatalf("event %d is a digit: %v", i, ok)
		}
		if !ok {
			continue
		}
		for _, c := range []byte{d, strings.ToLower(string(d))[0]} {
			if e, ok := EventCode(c); !ok || int(e) != i {
				t.Errorf("%c is event %d, %v", c, e, ok)
			}
		}
	}
	for _, c := range []byte{0, 'E', 'e', ' ', 'x', 255} {
		if _, ok := EventCode(c); ok {
			t.Errorf("%q is a digit", c)
		}
	}
}

func FuzzPayload(f *testing.F) {
	for _, c := range payloads {
		f.Add(c.wire, uint32(1000), true)
	}
	r := NewReceiver(8000)
	open := false
	f.Fuzz(func(t *testing.T, wire []byte, ts uint32, marker bool) {
		p, err := ParsePayload(wire)
		if err == nil {
			b := p.Bytes()
			if q, err := ParsePayload(b[:]); err != nil || q != p {
				t.Fatalf("%+v came back as %+v, %v", p, q, err)
			}
		}
		for _, e := range r.Packet(ts, marker, wire) {
			if (e.Kind == Begin) == open {
				t.Fatalf("%+v out of place", e)
			}
			open = e.Kind == Begin
		}
		if open != r.Active() {
			t.Fatal("a digit is open that is not")
		}
	})
}
