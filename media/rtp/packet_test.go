package rtp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "").Replace(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// packetCases feeds the parser, the printer and the fuzz target.
var packetCases = []struct {
	name string
	hex  string
	want Header
	err  error
}{
	{name: "plain", hex: "8000 0001 000000a0 deadbeef ffff", want: Header{
		PayloadType: 0, SequenceNumber: 1, Timestamp: 160, SSRC: 0xdeadbeef, Payload: []byte{0xff, 0xff}}},
	{name: "marker, no payload", hex: "80e5 fffe ffffff60 00000001", want: Header{
		Marker: true, PayloadType: 101, SequenceNumber: 0xfffe, Timestamp: 0xffffff60, SSRC: 1, Payload: []byte{}}},
	{name: "two CSRCs", hex: "8208 0002 00000140 00000002 0000000a 0000000b d5", want: Header{
		PayloadType: 8, SequenceNumber: 2, Timestamp: 320, SSRC: 2, Payload: []byte{0xd5}}},
	{name: "one-byte extension", hex: "906f 0003 00000000 00000003 bede0001 10ff0000 01", want: Header{
		PayloadType: 111, SequenceNumber: 3, SSRC: 3, ExtensionProfile: 0xbede,
		Extension: []byte{0x10, 0xff, 0, 0}, Payload: []byte{1}}},
	{name: "empty extension", hex: "906f 0003 00000000 00000003 bede0000 01", want: Header{
		PayloadType: 111, SequenceNumber: 3, SSRC: 3, ExtensionProfile: 0xbede,
		Extension: []byte{}, Payload: []byte{1}}},
	{name: "padding", hex: "a000 0004 00000000 00000004 aabb 000003", want: Header{
		SequenceNumber: 4, SSRC: 4, Payload: []byte{0xaa, 0xbb}}},
	{name: "padding alone", hex: "a000 0004 00000000 00000004 00000004", want: Header{
		SequenceNumber: 4, SSRC: 4, Payload: []byte{}}},
	{name: "all at once", hex: "b16f 0005 00000000 00000005 0000000a 10000001 01010500 77 02 02", want: Header{
		PayloadType: 111, SequenceNumber: 5, SSRC: 5, ExtensionProfile: 0x1000,
		Extension: []byte{1, 1, 5, 0}, Payload: []byte{0x77}}},

	{name: "empty", hex: "", err: ErrShort},
	{name: "eleven bytes", hex: "8000 0001 000000a0 deadbe", err: ErrShort},
	{name: "version 0, as STUN", hex: "0001 0000 2112a442 00000000 00000000 00000000", err: ErrVersion},
	{name: "version 3", hex: "c000 0001 000000a0 deadbeef", err: ErrVersion},
	{name: "CSRCs cut off", hex: "8200 0001 000000a0 deadbeef 0000000a", err: ErrShort},
	{name: "extension header cut off", hex: "9000 0001 000000a0 deadbeef bede", err: ErrShort},
	{name: "extension cut off", hex: "9000 0001 000000a0 deadbeef bede0002 10ff0000", err: ErrExtension},
	{name: "extension of 256 kB", hex: "9000 0001 000000a0 deadbeef bedeffff 10ff0000", err: ErrExtension},
	{name: "padding without payload", hex: "a000 0001 000000a0 deadbeef", err: ErrPadding},
	{name: "padding of zero", hex: "a000 0001 000000a0 deadbeef aa00", err: ErrPadding},
	{name: "padding too long", hex: "a000 0001 000000a0 deadbeef aa03", err: ErrPadding},
	{name: "padding would eat the extension", hex: "b000 0001 000000a0 deadbeef bede0001 10ff0000 02", err: ErrPadding},
}

func TestParse(t *testing.T) {
	for _, c := range packetCases {
		t.Run(c.name, func(t *testing.T) {
			got := Header{ExtensionProfile: 7, Extension: []byte{7}} // what the last packet left
			err := Parse(unhex(t, c.hex), &got)
			if !errors.Is(err, c.err) || (err != nil && fault.Of(err) != fault.Invalid) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestPut(t *testing.T) {
	for _, c := range packetCases {
		if c.err != nil {
			continue
		}
		t.Run(c.name, func(t *testing.T) { checkPut(t, c.want) })
	}
}

// checkPut: what is printed parses to the same, less the parts Put leaves out.
func checkPut(t *testing.T, h Header) {
	t.Helper()
	packet := make([]byte, HeaderBytes+len(h.Payload))
	n := h.Put(packet)
	copy(packet[n:], h.Payload)
	want := h
	want.ExtensionProfile, want.Extension = 0, nil
	var got Header
	if err := Parse(packet, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestAudioLevel(t *testing.T) {
	for _, c := range []struct {
		name    string
		profile uint16
		ext     string
		id      uint8
		level   uint8
		voice   bool
		ok      bool
	}{
		{"one byte form, voice", 0xbede, "10 ff 00 00", 1, 127, true, true},
		{"one byte form, no voice", 0xbede, "10 1e 00 00", 1, 30, false, true},
		{"behind padding and another element", 0xbede, "00 31 aabb 00 50 85 00", 5, 5, true, true},
		{"other id", 0xbede, "10 ff 00 00", 2, 0, false, false},
		{"id 15 ends the list", 0xbede, "f0 00 10 ff", 1, 0, false, false},
		{"element cut off", 0xbede, "00 00 00 10", 1, 0, false, false},
		{"two byte form", 0x1000, "01 00 02 01 80 00 00 00", 2, 0, true, true},
		{"two byte form with app bits", 0x1005, "02 01 03 00", 2, 3, false, true},
		{"two byte form, empty element", 0x1000, "02 00 00 00", 2, 0, false, false},
		{"two byte form cut off", 0x1000, "02 05 00 00", 2, 0, false, false},
		{"other profile", 0x1100, "10 ff 00 00", 1, 0, false, false},
		{"none", 0, "", 1, 0, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := Header{ExtensionProfile: c.profile, Extension: unhex(t, c.ext)}
			level, voice, ok := h.AudioLevel(c.id)
			if level != c.level || voice != c.voice || ok != c.ok {
				t.Errorf("%d %v %v, want %d %v %v", level, voice, ok, c.level, c.voice, c.ok)
			}
		})
	}
}

func TestIsRTCP(t *testing.T) {
	for _, c := range []struct {
		hex  string
		want bool
	}{
		{"80c8 0006", true},  // SR
		{"81c9 0007", true},  // RR
		{"80cb 0000", true},  // BYE
		{"80df 0000", true},  // 223
		{"80c0 0000", true},  // 192
		{"80bf 0000", false}, // payload type 63 with marker
		{"80e0 0000", false}, // payload type 96 with marker
		{"8000 0001", false},
		{"0001 0000", false}, // STUN
		{"16fe ff00", false}, // DTLS
		{"80c8", false},
	} {
		if got := IsRTCP(unhex(t, c.hex)); got != c.want {
			t.Errorf("%s: %v", c.hex, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range packetCases {
		f.Add(unhex(f, c.hex))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		before := bytes.Clone(packet)
		var h Header
		if err := Parse(packet, &h); err == nil {
			if len(h.Payload)+len(h.Extension)+HeaderBytes > len(packet) {
				t.Fatal("views overlap")
			}
			for id := range uint8(17) {
				h.AudioLevel(id)
			}
			checkPut(t, h)
		}
		if !bytes.Equal(before, packet) {
			t.Fatal("packet was written to")
		}
	})
}

func TestParseAllocatesNothing(t *testing.T) {
	good, bad := unhex(t, packetCases[7].hex), unhex(t, "9000 0001 000000a0 deadbeef bede")
	var h Header
	if n := testing.AllocsPerRun(100, func() {
		if Parse(good, &h) != nil || Parse(bad, &h) == nil {
			t.Fatal("wrong result")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParse(b *testing.B) {
	packet := append(unhex(b, "906f 0003 00000000 00000003 bede0001 10ff0000"), make([]byte, 160)...)
	var h Header
	b.ReportAllocs()
	for b.Loop() {
		if err := Parse(packet, &h); err != nil {
			b.Fatal(err)
		}
		h.AudioLevel(1)
	}
}
