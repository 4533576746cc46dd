package transport

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// The ids of a Chromium's offer, and a page with a microphone, a camera and a screen.
var (
	chromium = Extensions{MID: 4, RID: 10, RepairedRID: 11}
	desk     = []Section{
		{MID: "0", PayloadTypes: []uint8{111, 0}, SSRCs: []uint32{1000}},
		{MID: "1", PayloadTypes: []uint8{96, 97}},
		{MID: "2", PayloadTypes: []uint8{96, 97, 98}},
	}
)

// named is a packet of an SSRC with names in its header extensions.
func named(t testing.TB, ssrc uint32, pt uint8, names ...any) *rtp.Header {
	t.Helper()
	var list []byte
	for i := 0; i < len(names); i += 2 {
		id, name := names[i].(uint8), names[i+1].(string)
		list = append(list, id<<4|byte(len(name)-1))
		list = append(list, name...)
	}
	h := &rtp.Header{SSRC: ssrc, PayloadType: pt}
	if list != nil {
		h.ExtensionProfile, h.Extension = 0xbede, list
	}
	return h
}

// One packet after the other, as RFC 9143 §9.2 has it.
func TestDemux(t *testing.T) {
	var d Demux
	if s, ok := d.Find(named(t, 1, 0)); ok {
		t.Errorf("of no section at all: %+v", s)
	}
	d.Update(desk, chromium)
	for _, step := range []struct {
		what string
		h    *rtp.Header
		want string
	}{
		{"its description names it", named(t, 1000, 111), `{0 "" false}`},
		{"of a payload type that one section has", named(t, 7, 98), `{2 "" false}`},
		{"that several have", named(t, 8, 96), "none"},
		{"that none has", named(t, 8, 50), "none"},
		{"with a mid", named(t, 8, 96, chromium.MID, "1"), `{1 "" false}`},
		{"known from then on", named(t, 8, 97), `{1 "" false}`},
		{"but for payload types of others", named(t, 8, 98), "none"},
		{"of a mid that is none", named(t, 8, 96, chromium.MID, "9"), "none"},
		{"which changed nothing", named(t, 8, 96), `{1 "" false}`},
		{"a layer", named(t, 9, 96, chromium.MID, "1", chromium.RID, "hi"), `{1 "hi" false}`},
		{"known from then on", named(t, 9, 96), `{1 "hi" false}`},
		{"its repairs", named(t, 10, 97, chromium.MID, "1", chromium.RepairedRID, "hi"), `{1 "hi" true}`},
		{"a mid as long as there are", named(t, 11, 96, chromium.MID, "0123456789abcdef"), "none"},
		{"a source that moves", named(t, 9, 96, chromium.MID, "2"), `{2 "" false}`},
	} {
		s, ok := d.Find(step.h)
		got := fmt.Sprintf("{%d %q %v}", s.Section, s.RID, s.Repair)
		if !ok {
			got = "none"
		}
		if got != step.want {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
	// The camera is gone, the microphone comes last: what was learned goes with its mid.
	d.Update([]Section{desk[2], desk[0]}, chromium)
	for ssrc, want := range map[uint32]string{7: "0 true", 1000: "1 true", 8: "0 false"} {
		pt := uint8(98)
		if ssrc == 1000 {
			pt = 111
		}
		if ssrc == 8 {
			pt = 99
		}
		s, ok := d.Find(named(t, ssrc, pt))
		if got := fmt.Sprint(s.Section, ok); got != want {
			t.Errorf("%d: %s, want %s", ssrc, got, want)
		}
	}
}

// A section that was off for a while has its sources again, layers and all, though they say
// neither mid nor rid any more.
func TestDemuxRemembers(t *testing.T) {
	var d Demux
	d.Update(desk, chromium)
	d.Find(named(t, 9, 96, chromium.MID, "1", chromium.RID, "hi"))
	d.Find(named(t, 10, 97, chromium.MID, "1", chromium.RepairedRID, "hi"))
	d.Update(desk[:1], chromium)
	for ssrc, pt := range map[uint32]uint8{9: 96, 10: 97} {
		if s, ok := d.Find(named(t, ssrc, pt)); ok {
			t.Errorf("%d is of %+v, which is off", ssrc, s)
		}
	}
	d.Update(desk, chromium)
	for want, pt := range map[Source]uint8{{Section: 1, RID: "hi"}: 96, {Section: 1, RID: "hi", Repair: true}: 97} {
		if s, ok := d.Find(named(t, 9+uint32(pt)-96, pt)); !ok || s != want {
			t.Errorf("%+v %v, want %+v", s, ok, want)
		}
	}
}

// An SSRC that came before a description named it may have been taken for another section's; who says
// no mid, as older Safaris, is heard in the right one then.
func TestDemuxIsTold(t *testing.T) {
	var d Demux
	d.Update(desk[:2], chromium)
	if s, ok := d.Find(named(t, 9, 96)); !ok || s.Section != 1 {
		t.Fatalf("%+v %v", s, ok)
	}
	d.Find(named(t, 10, 96, chromium.MID, "1", chromium.RID, "hi"))
	told := []Section{desk[0], {MID: "1", PayloadTypes: desk[1].PayloadTypes, SSRCs: []uint32{10}}, {MID: "2", PayloadTypes: desk[2].PayloadTypes, SSRCs: []uint32{9}}}
	d.Update(told, chromium)
	for ssrc, want := range map[uint32]Source{9: {Section: 2}, 10: {Section: 1, RID: "hi"}} {
		if s, ok := d.Find(named(t, ssrc, 96)); !ok || s != want {
			t.Errorf("%d: %+v %v, want %+v", ssrc, s, ok, want)
		}
	}
}

// There is an end to what a peer can have us remember: what has been silent longest goes.
func TestDemuxBounds(t *testing.T) {
	var d Demux
	d.Update(desk, chromium)
	for ssrc := range uint32(10 * MaxSources) {
		_, ok := d.Find(named(t, ssrc+2000, 96, chromium.MID, "1"))
		if !ok || len(d.learned) > MaxSources {
			t.Fatalf("source %d is taken: %v; %d are known", ssrc, ok, len(d.learned))
		}
		if s, ok := d.Find(&rtp.Header{SSRC: 2000, PayloadType: 96}); !ok || s.Section != 1 { // it goes on meanwhile
			t.Fatalf("%+v, %v", s, ok)
		}
	}
	if s, ok := d.Find(named(t, 1000, 111)); !ok || s.Section != 0 {
		t.Errorf("%+v, %v", s, ok)
	}
}

// What is known costs no memory.
func TestDemuxAllocs(t *testing.T) {
	var d Demux
	d.Update(desk, chromium)
	packets := []*rtp.Header{
		named(t, 1000, 111), named(t, 9, 96, chromium.MID, "1", chromium.RID, "hi"),
		named(t, 10, 97, chromium.MID, "1", chromium.RepairedRID, "hi"), named(t, 99, 96),
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, h := range packets {
			d.Find(h)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever a packet says, its section has its payload type.
func FuzzDemux(f *testing.F) {
	f.Add(uint32(9), uint8(96), uint16(0xbede), []byte{4 << 4, '1', 10<<4 | 1, 'h', 'i'})
	f.Add(uint32(9), uint8(96), uint16(0x1000), []byte{4, 1, '2', 10, 0, 11, 200, 1})
	f.Fuzz(func(t *testing.T, ssrc uint32, pt uint8, profile uint16, list []byte) {
		var d Demux
		d.Update(desk, chromium)
		h := &rtp.Header{SSRC: ssrc, PayloadType: pt & 0x7f, ExtensionProfile: profile, Extension: list}
		for range 2 {
			s, ok := d.Find(h)
			if !ok {
				continue
			}
			found := false
			for _, have := range desk[s.Section].PayloadTypes {
				found = found || have == h.PayloadType
			}
			if !found || len(s.RID) > maxNameBytes {
				t.Fatalf("%+v of payload type %d", s, h.PayloadType)
			}
		}
	})
}
