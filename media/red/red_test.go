package red

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const opus, redundant = 111, 63

// packetOf is an audio packet with a level of RFC 6464 in an extension.
func packetOf(n int, payload string) []byte {
	p := make([]byte, 12, 100)
	h := rtp.Header{PayloadType: opus, SequenceNumber: uint16(n), Timestamp: uint32(n) * 960, SSRC: 7}
	h.Put(p)
	p[0] |= 0x10
	p = append(p, 0xbe, 0xde, 0, 1, 1<<4, 30, 0, 0)
	return append(p, payload...)
}

func parse(t testing.TB, p []byte) *rtp.Header {
	t.Helper()
	h := new(rtp.Header)
	if err := rtp.Parse(p, h); err != nil {
		t.Fatal(err)
	}
	return h
}

// sent are packets as they go with so many earlier frames.
func sent(t testing.TB, n, earlier int) (out [][]byte) {
	t.Helper()
	var p Packer
	for i := range n {
		plain := packetOf(65533+i, fmt.Sprint("frame", i))
		h := parse(t, plain)
		dst := make([]byte, 1600)
		if m := p.Pack(dst, plain, h, redundant, earlier); m > 0 {
			out = append(out, dst[:m])
		} else {
			out = append(out, plain)
		}
		p.Keep(h)
	}
	return out
}

// What RFC 2198 §3 has as its format, by hand.
func TestFormat(t *testing.T) {
	packets := sent(t, 3, 2)
	if parse(t, packets[0]).PayloadType != opus {
		t.Error("the first has something before it")
	}
	want := []byte{
		0x80 | opus, 1920 >> 6, 1920 << 2 & 0xff, 6, // 14 bits of offset, 10 of length
		0x80 | opus, 960 >> 6, 960 << 2 & 0xff, 6,
		opus,
	}
	want = append(want, "frame0frame1frame2"...)
	h := parse(t, packets[2])
	if h.PayloadType != redundant || !bytes.Equal(h.Payload, want) {
		t.Errorf("payload type %d, % x, want % x", h.PayloadType, h.Payload, want)
	}
	if level, _, ok := h.AudioLevel(1); !ok || level != 30 {
		t.Errorf("level %d, %v", level, ok)
	}
}

// Whatever is lost, as long as not more in a row than there are earlier frames, comes out
// again, once, in order, as it was.
func TestLoss(t *testing.T) {
	for earlier := 1; earlier <= MaxEarlier; earlier++ {
		for lost := range 1 << 8 {
			var u Unpacker
			var got [][]byte
			run, worst := 0, 0
			for i, p := range sent(t, 10, earlier) {
				if i > 0 && i < 9 && lost>>(i-1)&1 != 0 {
					run++
					worst = max(worst, run)
					continue
				}
				run = 0
				got = append(got, through(t, &u, p)...)
			}
			if worst > earlier {
				continue
			}
			if len(got) != 10 {
				t.Fatalf("%d earlier, %08b lost: %d packets", earlier, lost, len(got))
			}
			for i, p := range got {
				if want := packetOf(65533+i, fmt.Sprint("frame", i)); !bytes.Equal(p, want) {
					t.Fatalf("%d earlier, %08b lost: % x, want % x", earlier, lost, p, want)
				}
			}
		}
	}
}

// through are copies of what an unpacker makes of a packet.
func through(t testing.TB, u *Unpacker, p []byte) (got [][]byte) {
	t.Helper()
	h := parse(t, p)
	if h.PayloadType != redundant {
		if u.Saw(h) {
			got = append(got, bytes.Clone(p))
		}
		return got
	}
	list, err := u.Unpack(p, h, opus)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list {
		got = append(got, bytes.Clone(o))
	}
	return got
}

// What comes late was there already; what comes twice is so once.
func TestLate(t *testing.T) {
	var u Unpacker
	packets := sent(t, 4, 1)
	n := 0
	for _, i := range []int{0, 2, 1, 3, 3, 0} {
		n += len(through(t, &u, packets[i]))
	}
	if n != 4 {
		t.Errorf("%d packets", n)
	}
	// Another source begins anew, and nothing from before its first packet is given.
	other := bytes.Clone(packets[3])
	other[11]++
	if got := through(t, &u, other); len(got) != 1 {
		t.Errorf("%d packets of another source", len(got))
	}
	// Half of all numbers away is neither before nor after: the stream begins anew.
	far := bytes.Clone(other)
	binary.BigEndian.PutUint16(far[2:], binary.BigEndian.Uint16(other[2:])+1<<15)
	if got := through(t, &u, far); len(got) != 1 {
		t.Errorf("%d packets from far away", len(got))
	}
}

func TestDamaged(t *testing.T) {
	for name, payload := range map[string][]byte{
		"empty":             {},
		"half a head":       {0x80 | opus, 0, 0},
		"heads alone":       {0x80 | opus, 0, 0, 0},
		"longer than it is": {0x80 | opus, 0, 0, 9, opus, 1, 2},
		"longer than all":   {0x80 | opus, 0, 3, 0xff, opus, 1, 2},
		"of another codec":  {5, 1, 2},
		"together too long": {0x80 | opus, 0, 0, 2, 0x80 | opus, 0, 0, 2, opus, 1, 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			p := packetOf(1, string(payload))
			p[1] = redundant
			var u Unpacker
			if got, err := u.Unpack(p, parse(t, p), opus); !errors.Is(err, ErrDamaged) {
				t.Errorf("% x, %v", got, err)
			}
		})
	}
}

// More frames than are looked at do no harm: the latest count. One that is too long or too
// old, or another's, is not packed.
func TestLimits(t *testing.T) {
	var payload []byte
	for i := range 10 {
		payload = append(payload, 0x80|opus, 0, byte(i)<<2, 1)
	}
	payload = append(payload, opus)
	payload = append(payload, "0123456789own"...)
	var blocks [MaxEarlier + 1]Block
	n, ok := Parse(payload, &blocks)
	if !ok || n != MaxEarlier+1 || string(blocks[0].Frame) != "7" || string(blocks[2].Frame) != "9" || string(blocks[3].Frame) != "own" {
		t.Errorf("%d %v %v", n, ok, blocks)
	}
	for name, second := range map[string][]byte{
		"not the next":   packetOf(9, "x"),
		"another source": func() []byte { p := packetOf(2, "x"); p[11]++; return p }(),
		"much later":     func() []byte { p := packetOf(2, "x"); binary.BigEndian.PutUint32(p[4:], 960+1<<14); return p }(),
		"no room":        packetOf(2, string(make([]byte, 1580))),
	} {
		var p Packer
		p.Keep(parse(t, packetOf(1, "first")))
		if n := p.Pack(make([]byte, 1600), second, parse(t, second), redundant, 1); n != 0 {
			t.Errorf("%s: %d bytes", name, n)
		}
	}
	var p Packer
	p.Keep(parse(t, packetOf(1, string(make([]byte, maxLength+1)))))
	if second := packetOf(2, "x"); p.Pack(make([]byte, 1600), second, parse(t, second), redundant, 1) != 0 {
		t.Error("a frame without a length")
	}
}

func TestAllocations(t *testing.T) {
	packets := sent(t, 3, 2)
	var u Unpacker
	var p Packer
	dst := make([]byte, 1600)
	var h rtp.Header
	if n := testing.AllocsPerRun(100, func() {
		for i := range packets {
			packets[i][3] += 3
			_ = rtp.Parse(packets[i], &h)
			_, _ = u.Unpack(packets[i], &h, opus)
			p.Pack(dst, packets[i], &h, redundant, 2)
			p.Keep(&h)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever comes, what is given out are packets of the codec, none of them longer than what
// came, and none twice.
func FuzzUnpack(f *testing.F) {
	for _, p := range sent(f, 4, 3) {
		f.Add(p, uint16(1))
		f.Add(p, uint16(1<<15))
	}
	f.Fuzz(func(t *testing.T, p []byte, ahead uint16) {
		var u Unpacker
		var h rtp.Header
		if rtp.Parse(p, &h) != nil {
			return
		}
		first := h
		first.SequenceNumber -= ahead
		u.Saw(&first)
		for range 2 {
			seen := map[uint16]bool{}
			list, err := u.Unpack(p, &h, opus)
			if err != nil && len(list) > 0 {
				t.Fatal("packets of a damaged one")
			}
			for _, o := range list {
				var got rtp.Header
				if err := rtp.Parse(o, &got); err != nil || got.PayloadType != opus || len(o) > len(p) || seen[got.SequenceNumber] {
					t.Fatalf("%+v, %v", got, err)
				}
				seen[got.SequenceNumber] = true
			}
		}
		if list, err := u.Unpack(p, &h, opus); err == nil && len(list) > 0 {
			t.Fatal("given out twice")
		}
	})
}

func BenchmarkUnpack(b *testing.B) {
	packets := sent(b, 3, 2)
	var u Unpacker
	var h rtp.Header
	b.ReportAllocs()
	for b.Loop() {
		p := packets[2]
		binary.BigEndian.PutUint16(p[2:], binary.BigEndian.Uint16(p[2:])+2) // every other is lost
		_ = rtp.Parse(p, &h)
		if _, err := u.Unpack(p, &h, opus); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPack(b *testing.B) {
	var p Packer
	plain := packetOf(1, string(make([]byte, 80)))
	dst := make([]byte, 1600)
	var h rtp.Header
	b.ReportAllocs()
	for b.Loop() {
		binary.BigEndian.PutUint16(plain[2:], binary.BigEndian.Uint16(plain[2:])+1)
		_ = rtp.Parse(plain, &h)
		p.Pack(dst, plain, &h, redundant, 2)
		p.Keep(&h)
	}
}
