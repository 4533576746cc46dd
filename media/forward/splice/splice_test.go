package splice

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// What the receiver knows.
const (
	stream   = 0xcafe0001
	again    = 0xcafe0002
	reporter = 0xcafe0003
)

func newSplice() *Splice { return New(Config{SSRC: stream, RTX: again, Reporter: reporter}) }

func packet(ssrc uint32, number uint16, stamp uint32, marker bool, payload ...byte) []byte {
	h := rtp.Header{PayloadType: 96, SSRC: ssrc, SequenceNumber: number, Timestamp: stamp, Marker: marker}
	b := make([]byte, rtp.HeaderBytes, rtp.HeaderBytes+len(payload))
	h.Put(b)
	return append(b, payload...)
}

type sent struct {
	ssrc          uint32
	number        uint16
	stamp         uint32
	payload       string
	passed, began bool
}

func (s *Splice) send(t *testing.T, now time.Duration, p []byte) sent {
	t.Helper()
	passed, began := s.Packet(now, p)
	var h rtp.Header
	if err := rtp.Parse(p, &h); err != nil {
		t.Fatal(err)
	}
	return sent{h.SSRC, h.SequenceNumber, h.Timestamp, string(h.Payload), passed, began}
}

func is(t *testing.T, what string, got, want sent) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

// One input after the other is one stream: numbers and time stamps go on, also over their ends.
func TestOneStream(t *testing.T) {
	s := newSplice()
	if s.Current() != 0 {
		t.Error("something is sent")
	}
	if passed, _ := s.Packet(0, packet(2, 1, 1, true, 'x')); passed {
		t.Error("an input passes that nobody awaits")
	}
	s.Await(2, 3)
	const at = time.Hour
	is(t, "the first", s.send(t, at, packet(2, 65535, 1<<32-1000, false, 'a')), sent{stream, 65535, 1<<32 - 1000, "a", true, true})
	is(t, "its end", s.send(t, at, packet(2, 0, 1<<32-1000, true, 'b')), sent{stream, 0, 1<<32 - 1000, "b", true, false})
	is(t, "the next frame", s.send(t, at+time.Second/30, packet(2, 1, 2000, true, 'c')), sent{stream, 1, 2000, "c", true, false})

	s.Await(4, 5)
	if s.Current() != 2 {
		t.Error("the first ended before the second began")
	}
	is(t, "goes on", s.send(t, at+2*time.Second/30, packet(2, 2, 5000, true, 'd')), sent{stream, 2, 5000, "d", true, false})
	is(t, "the second", s.send(t, at+3*time.Second/30, packet(4, 500, 70_000, false, 'e')), sent{stream, 3, 8000, "e", true, true})
	is(t, "too late", s.send(t, at+3*time.Second/30, packet(2, 3, 8000, true, 'f')), sent{2, 3, 8000, "f", false, false})
	is(t, "overtaken", s.send(t, at, packet(4, 502, 70_000, true, 'h')), sent{stream, 5, 8000, "h", true, false})
	is(t, "comes after", s.send(t, at, packet(4, 501, 70_000, false, 'g')), sent{stream, 4, 8000, "g", true, false})
	if s.Current() != 4 {
		t.Error("the second is not sent")
	}

	// Back to the first source, in the middle of a frame, at the same moment.
	is(t, "a frame without an end", s.send(t, at+time.Second/5, packet(4, 503, 79_000, false, 'i')), sent{stream, 6, 17_000, "i", true, false})
	s.Await(6, 7)
	is(t, "leaves a hole", s.send(t, at+time.Second/5, packet(6, 9, 9, true, 'j')), sent{stream, 8, 17_090, "j", true, true})

	// Again: numbers of their own, the original ones turned.
	is(t, "sent again", s.send(t, at, packet(7, 77, 9, true, 0, 9, 'j')), sent{again, 0, 17_090, "\x00\x08j", true, false})
	is(t, "padding", s.send(t, at, packet(7, 78, 9, false)), sent{again, 1, 17_090, "", true, false})
	is(t, "of another", s.send(t, at, packet(5, 79, 9, false, 0, 9)), sent{5, 79, 9, "\x00\x09", false, false})

	s.Await(8, 0)
	s.Await(6, 7) // after all
	if passed, _ := s.Packet(at, packet(8, 1, 1, true, 'k')); passed {
		t.Error("what nobody awaits any more passes")
	}
	s.Stop(6)
	if passed, _ := s.Packet(at, packet(6, 10, 10, true, 'l')); passed || s.Current() != 0 {
		t.Error("what was stopped goes on")
	}
	s.Await(8, 0)
	s.Stop(8)
	if passed, _ := s.Packet(at, packet(8, 1, 1, true, 'm')); passed {
		t.Error("what was stopped begins")
	}
	s.Await(10, 0)
	is(t, "begins after nothing", s.send(t, at+10*time.Second, packet(10, 100, 100, true, 'n')), sent{stream, 9, 17_090 + 9*90_000 + 72_000, "n", true, true})
	if passed, _ := s.Packet(at, []byte{0x80, 96}); passed {
		t.Error("what is no packet passes")
	}
}

// switched is a splice whose input's numbers and time stamps are turned: by 1000 and 90,000.
func switched(t *testing.T) *Splice {
	t.Helper()
	s := newSplice()
	s.Await(2, 3)
	s.send(t, 0, packet(2, 2000, 180_000, true, 'a'))
	s.Await(4, 5)
	is(t, "the second", s.send(t, time.Second, packet(4, 1001, 180_000, true, 'b')), sent{stream, 2001, 270_000, "b", true, true})
	return s
}

func control(kind, format byte, words ...uint32) []byte {
	b := []byte{2<<6 | format, kind, 0, byte(len(words))}
	for _, w := range words {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

// What the receiver says of the stream is turned to the input that is sent.
func TestControl(t *testing.T) {
	s := switched(t)
	for name, c := range map[string]struct{ in, out []byte }{
		"NACK":         {control(205, 1, 9, stream, 2001<<16|3, 1500<<16), control(205, 1, 9, 4, 1001<<16|3, 500<<16)},
		"of another":   {control(205, 1, 9, 77, 2001<<16), control(205, 1, 9, 77, 2001<<16)},
		"transport":    {control(205, 15, 9, stream, 1, 2), control(205, 15, 9, 4, 1, 2)},
		"PLI":          {control(206, 1, 9, stream), control(206, 1, 9, 4)},
		"FIR":          {control(206, 4, 9, 0, stream, 1<<24, 77, 2<<24), control(206, 4, 9, 0, 4, 1<<24, 77, 2<<24)},
		"REMB":         {control(206, 15, 9, 0, 0x52454d42, stream), control(206, 15, 9, 0, 0x52454d42, stream)},
		"RR":           {control(201, 2, 9, 77, 1, 2, 3, 4, 5, stream, 1, 0x10000|2001, 3, 4, 5), control(201, 2, 9, 77, 1, 2, 3, 4, 5, 4, 1, 0x10000|1001, 3, 4, 5)},
		"SR":           {control(200, 1, 9, 1, 2, 3, 4, 5, stream, 1, 2001, 3, 4, 5), control(200, 1, 9, 1, 2, 3, 4, 5, 4, 1, 1001, 3, 4, 5)},
		"RR too short": {control(201, 3, 9, stream), control(201, 3, 9, stream)},
		"two":          {append(control(201, 0, 9), control(206, 1, 9, stream)...), append(control(201, 0, 9), control(206, 1, 9, 4)...)},
		"nothing":      {nil, nil},
		"damaged":      {[]byte{0x80, 201, 0, 9, 1, 2, 3, 4}, nil},
		"too long":     {bytes.Repeat(control(201, 0, 9), maxControl), nil},
	} {
		if got := s.Control(bytes.Clone(c.in)); !bytes.Equal(got, c.out) {
			t.Errorf("%s: %x became %x, want %x", name, c.in, got, c.out)
		}
	}
}

// Reports about inputs are about the stream, or are left out.
func TestReport(t *testing.T) {
	s := switched(t)
	s.send(t, time.Second, packet(4, 1002, 180_000, true, 'c', 'd', 'e'))
	s.send(t, time.Second, packet(5, 1, 180_000, true, 0, 1, 'b')) // on the stream for repairs
	s.send(t, time.Second, packet(2, 2001, 180_000, true, 'x'))    // not sent
	report := func(ssrc, stamp, packets, octets uint32) []byte {
		r := rtp.Report{SSRC: ssrc, Sender: &rtp.SenderInfo{NTP: 1 << 40, RTPTime: stamp, Packets: packets, Octets: octets}, CNAME: []byte("us")}
		return r.Append(nil)
	}
	head := (&rtp.Report{SSRC: reporter, CNAME: []byte("us")}).Append(nil)
	got := s.Report(append(append(bytes.Clone(head), report(2, 5, 1, 1)...), report(4, 180_000, 2, 4)...))
	if want := append(bytes.Clone(head), report(stream, 270_000, 3, 5)...); !bytes.Equal(got, want) {
		t.Errorf("became %x, want %x", got, want)
	}
	if got := s.Report(control(206, 1, reporter, 77)); !bytes.Equal(got, control(206, 1, reporter, 77)) {
		t.Errorf("another's became %x", got)
	}
	if s.Report([]byte{1, 2, 3}) != nil {
		t.Error("what cannot be read is sent")
	}
}

// Nothing allocates per packet.
func TestAllocations(t *testing.T) {
	s := switched(t)
	p, fb := packet(4, 1002, 180_000, true, 'x'), control(205, 1, 9, stream, 2001<<16)
	report := (&rtp.Report{SSRC: 4, Sender: &rtp.SenderInfo{}, CNAME: []byte("us")}).Append(nil)
	n := testing.AllocsPerRun(100, func() {
		binary.BigEndian.PutUint32(p[8:], 4)
		s.Packet(time.Second, p)
		s.Control(fb)
		s.Report(report)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever a receiver sends is of its own length still, or nothing.
func FuzzControl(f *testing.F) {
	f.Add(control(205, 1, 9, stream, 2001<<16|3))
	f.Add(append(control(201, 1, 9, stream, 1, 2, 3, 4, 5), control(206, 4, 9, 0, stream, 1)...))
	f.Add([]byte{0x80, 201, 0, 9})
	f.Fuzz(func(t *testing.T, in []byte) {
		s := switched(t)
		if out := s.Control(in); out != nil && len(out) != len(in) {
			t.Fatalf("%x became %x", in, out)
		}
		if out := s.Report(in); len(out) > len(in) {
			t.Fatalf("%x became %x", in, out)
		}
	})
}

// described is a packet with a dependency descriptor under the id 13, in the one-byte form.
func described(ssrc uint32, number, frame uint16, payload ...byte) []byte {
	b := packet(ssrc, number, 1, true)
	b[0] |= 0x10
	b = append(b, 0xbe, 0xde, 0, 1, 13<<4|2, 0xc0, byte(frame>>8), byte(frame))
	return append(b, payload...)
}

// Frame numbers go on too, also where descriptors come later, or were not there for one input.
func TestDescribed(t *testing.T) {
	s := newSplice()
	is := func(what string, p []byte, want int) {
		t.Helper()
		if passed, _ := s.Packet(0, p); !passed {
			t.Fatalf("%s: not sent", what)
		}
		var h rtp.Header
		if err := rtp.Parse(p, &h); err != nil {
			t.Fatal(err)
		}
		got := -1
		if v := h.Element(13); v != nil {
			got = int(binary.BigEndian.Uint16(v[1:]))
		}
		if got != want {
			t.Errorf("%s: frame %d, want %d", what, got, want)
		}
	}
	s.Await(2, 3)
	is("not agreed on", described(2, 1, 400, 'a'), 400)
	s.SetDependency(13)
	is("the first", described(2, 2, 65530, 'b'), 65530)
	s.Await(4, 5)
	is("the second", described(4, 9, 3, 'c'), 65531)
	is("of the same frame", described(4, 10, 3, 'd'), 65531)
	is("the next but one", described(4, 11, 12, 'e'), 4)
	is("late", described(4, 8, 2, 'f'), 65530)
	is("sent again", described(5, 1, 11, 0, 10, 'g'), 3)
	s.Await(6, 7)
	is("without", packet(6, 1, 1, true, 'h'), -1)
	s.Await(8, 9)
	is("the fourth", described(8, 1, 9, 'i'), 5)
}
