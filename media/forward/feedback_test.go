package forward

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// sender makes packets of VP8, each of them a frame.
type sender struct {
	ssrc uint32
	seq  uint16
	ts   uint32
	ext  []byte // of the one-byte form
}

func (s *sender) frame(key bool) *rtp.Header {
	s.seq++
	s.ts += 3000
	h := &rtp.Header{
		PayloadType: 96, SSRC: s.ssrc, SequenceNumber: s.seq, Timestamp: s.ts, Marker: true,
		Payload: []byte{0x90, 0x80, 0x80 | byte(s.seq>>8), byte(s.seq), 1, byte(s.seq), byte(s.seq >> 8)},
	}
	if key {
		h.Payload = append(h.Payload[:4:4], 0, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0)
	}
	if s.ext != nil {
		h.ExtensionProfile, h.Extension = 0xbede, s.ext
	}
	return h
}

func vp8(t testing.TB, requests rtp.Requests, layers ...LayerConfig) *Source {
	t.Helper()
	s, err := NewSource(Config{
		Codec: payload.VP8, PayloadType: 96, RTXPayloadType: 97, Extensions: theirs, Requests: requests, Layers: layers, ReceiverSSRC: 7,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// said is what the source wants to be told to its sender, as pion reads it.
func said(t testing.TB, s *Source, now time.Duration) (list []rtcp.Packet) {
	t.Helper()
	b := s.Feedback(now, nil)
	if len(b) == 0 {
		return nil
	}
	list, err := rtcp.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestKeyFrameRequestsMerge: fifty receivers who want a picture ask for one together, and ask
// again until it comes.
func TestKeyFrameRequestsMerge(t *testing.T) {
	s := vp8(t, rtp.RequestPLI|rtp.RequestFIR, LayerConfig{SSRC: 5})
	from := sender{ssrc: 5}
	now := time.Hour
	var subs []*Subscription
	for range 50 {
		b := subscribe(t, s, NewReceiver(ours), 0)
		b.Aim(now, 0, 0)
		subs = append(subs, b)
	}
	count := func(d time.Duration) (n int) {
		for end := now + d; now < end; now += 10 * ms {
			for _, p := range said(t, s, now) {
				if pli, ok := p.(*rtcp.PictureLossIndication); !ok || pli.MediaSSRC != 5 || pli.SenderSSRC != 7 {
					t.Fatalf("%v", p)
				}
				n++
			}
		}
		return n
	}
	if n := count(keyWindow - 10*ms); n != 1 {
		t.Fatalf("asked %d times at first", n)
	}
	if n := count(2 * time.Second); n < 2 || n > 4 {
		t.Fatalf("asked %d times again in two seconds", n)
	}
	if n := count(time.Minute); n > 10 {
		t.Fatalf("asked %d times in a minute, of a sender that does not answer", n)
	}
	buf := make([]byte, MaxPacket)
	s.ask(0)
	ref, _ := s.Packet(now, from.frame(true))
	for _, b := range subs {
		if b.Write(now, ref, buf) == 0 {
			t.Fatal("the key frame does not begin the stream")
		}
		b.NeedPicture(now + 10*ms) // said before it came
	}
	if n := count(5 * time.Second); n != 0 {
		t.Fatalf("asked %d times after it was answered", n)
	}
	for _, b := range subs {
		b.NeedPicture(now)
	}
	if n := count(keyWindow - 10*ms); n != 1 {
		t.Fatalf("asked %d times for what is lost", n)
	}
}

// TestFullIntraRequests: who knows FIR alone is sent FIR, with another number each.
func TestFullIntraRequests(t *testing.T) {
	s := vp8(t, rtp.RequestFIR, LayerConfig{SSRC: 5})
	b := subscribe(t, s, NewReceiver(ours), 0)
	now := time.Hour
	b.Aim(now, 0, 0)
	for want := uint8(1); want < 4; want++ {
		list := said(t, s, now)
		fir, ok := list[0].(*rtcp.FullIntraRequest)
		if !ok || len(fir.FIR) != 1 || fir.FIR[0] != (rtcp.FIREntry{SSRC: 5, SequenceNumber: want}) {
			t.Fatalf("%v", list)
		}
		now += keyLongest
	}
}

// TestWhatIsMissingIsAskedFor follows packets that do not come.
func TestWhatIsMissingIsAskedFor(t *testing.T) {
	s := vp8(t, rtp.RequestPLI|rtp.RequestNACK, LayerConfig{SSRC: 5})
	s.SetRoundTrip(100 * ms)
	from := sender{ssrc: 5, seq: 65530}
	now := time.Hour
	take := func(h *rtp.Header) bool {
		_, ok := s.Packet(now, h)
		return ok
	}
	take(from.frame(true))
	lost := []*rtp.Header{from.frame(false), from.frame(false), from.frame(false)}
	for range 5 {
		from.frame(false)
	}
	lost = append(lost, from.frame(false))
	take(from.frame(false)) // 65531 came, then nine are missing, then this one
	if list := said(t, s, now); len(list) != 0 {
		t.Fatalf("%v at once: it may be overtaken", list)
	}
	now += nackAfter
	asked := func() (seqs []uint16) {
		for _, p := range said(t, s, now) {
			n, ok := p.(*rtcp.TransportLayerNack)
			if !ok || n.MediaSSRC != 5 || n.SenderSSRC != 7 {
				t.Fatalf("%v", p)
			}
			for _, pair := range n.Nacks {
				seqs = append(seqs, pair.PacketList()...)
			}
		}
		return seqs
	}
	if got, want := asked(), []uint16{65532, 65533, 65534, 65535, 0, 1, 2, 3, 4}; !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for _, h := range lost {
		if !take(h) || take(h) {
			t.Fatal("what was lost is not taken, or twice")
		}
	}
	now += 50 * ms
	if got := asked(); len(got) > 0 {
		t.Fatalf("%v before the round trip is over", got)
	}
	tries := 1
	for range 100 {
		now += 100 * ms
		got := asked()
		if len(got) == 0 {
			break
		}
		if want := []uint16{65535, 0, 1, 2, 3}; !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
		tries++
	}
	if tries != nackTries {
		t.Fatalf("asked %d times", tries)
	}
	if st := s.Stats(); st.Recovered != 4 || st.Repeated != 4 {
		t.Errorf("%+v", st)
	}
	s.Report(now-time.Second, 5, &rtp.SenderInfo{NTP: 0x1234_5678_9abc_def0})
	blocks := s.Blocks(now, nil)
	if want := (rtp.ReportBlock{SSRC: 5, Lost: 5, FractionLost: 5 * 256 / 11, Highest: 1<<16 + 5, LastSR: 0x5678_9abc, DelaySinceLastSR: 1 << 16}); len(blocks) != 1 ||
		blocks[0].Jitter == 0 || withoutJitter(blocks[0]) != want {
		t.Errorf("%+v, want %+v", blocks, want)
	}
	for range maxMissing + 1 {
		from.frame(false)
	}
	take(from.frame(false))
	now += time.Second
	list := said(t, s, now)
	if _, ok := list[0].(*rtcp.PictureLossIndication); !ok || len(list) != 1 {
		t.Fatalf("%v for more than can be asked for", list)
	}
}

func withoutJitter(b rtp.ReportBlock) rtp.ReportBlock {
	b.Jitter = 0
	return b
}

func TestLost(t *testing.T) {
	var got []uint16
	for seq := range Lost([]byte{0xff, 0xff, 0x80, 0x01, 0, 9, 0, 0, 1}) {
		got = append(got, seq)
	}
	if want := []uint16{65535, 0, 15, 9}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestLayersAreLearned: SSRCs are those of packets that bear the RID, and so are those of what
// is sent again; a sender that begins anew is followed, from its next key frame on.
func TestLayersAreLearned(t *testing.T) {
	s := vp8(t, rtp.RequestPLI|rtp.RequestNACK, LayerConfig{RID: "q"}, LayerConfig{RID: "h"})
	b := subscribe(t, s, NewReceiver(ours), 0)
	w := newWatcher(t, payload.VP8)
	buf := make([]byte, MaxPacket)
	now := time.Hour
	b.Aim(now, 1, 0)
	take := func(h *rtp.Header) bool {
		now += 33 * ms
		ref, ok := s.Packet(now, h)
		if !ok {
			return false
		}
		for n := b.Write(now, ref, buf); n > 0; n = b.More(now, buf) {
			w.take(buf[:n])
		}
		return true
	}
	low := sender{ssrc: 10, ext: []byte{theirs.RID << 4, 'q'}}
	high := sender{ssrc: 20, ext: []byte{theirs.RID << 4, 'h'}}
	unknown := sender{ssrc: 30, ext: []byte{theirs.RID << 4, 'x'}}
	if !take(low.frame(true)) || !take(high.frame(true)) || take(unknown.frame(true)) {
		t.Fatal("layers are not told apart by their RIDs")
	}
	high.ext, low.ext = nil, nil // browsers say it no more once they know that it was heard
	take(low.frame(false))
	lost := high.frame(false)
	take(high.frame(false))
	again := *lost
	again.PayloadType, again.SSRC, again.SequenceNumber = 97, 21, 5000
	again.ExtensionProfile, again.Extension = 0xbede, []byte{theirs.RepairedRID << 4, 'h'}
	again.Payload = append(binary.BigEndian.AppendUint16(nil, lost.SequenceNumber), lost.Payload...)
	if !take(&again) {
		t.Fatal("what is sent again is not taken")
	}
	if frames, missing, broken := w.frames(); len(frames) != 3 || missing+broken != 0 {
		t.Fatalf("%d frames, %d missing, %d broken", len(frames), missing, broken)
	}
	high = sender{ssrc: 22, seq: 40000, ts: 1 << 31, ext: []byte{theirs.RID << 4, 'h'}}
	if !take(high.frame(false)) || len(w.packets) != 3 {
		t.Fatal("a sender's new stream is not taken, or passed on before a key frame")
	}
	take(high.frame(true))
	take(high.frame(false))
	if frames, missing, broken := w.frames(); len(frames) != 5 || missing+broken != 0 {
		t.Fatalf("%d frames, %d missing, %d broken", len(frames), missing, broken)
	}
	if b.Current() != 1 || b.Aimed() != 1 || s.Stats().Foreign != 1 {
		t.Errorf("layer %d, %+v", b.Current(), s.Stats())
	}
}

// TestResendIsBounded: a packet is sent again once in a round trip, a few times at all, and all
// of them together within the budget.
func TestResendIsBounded(t *testing.T) {
	s := vp8(t, rtp.RequestPLI, LayerConfig{SSRC: 5})
	to := NewReceiver(ours)
	to.SetRoundTrip(40 * ms)
	b := subscribe(t, s, to, 0xabce)
	buf := make([]byte, MaxPacket)
	from := sender{ssrc: 5}
	now := time.Hour
	b.Aim(now, 0, 0)
	for i := range 100 {
		h := from.frame(i == 0)
		h.Payload = append(h.Payload, make([]byte, 1000)...)
		ref, _ := s.Packet(now, h)
		if b.Write(now, ref, buf) == 0 || b.More(now, buf) != 0 {
			t.Fatal("not passed on")
		}
	}
	first := uint16(65500) // see subscribe
	n := b.Resend(now, first+3, buf)
	var h rtp.Header
	if err := rtp.Parse(buf[:n], &h); err != nil || h.SSRC != 0xabce || h.PayloadType != 121 ||
		binary.BigEndian.Uint16(h.Payload) != first+3 || h.Payload[2+3] != 4 {
		t.Fatalf("%+v, %v", h, err)
	}
	if b.Resend(now+39*ms, first+3, buf) != 0 {
		t.Error("sent again within the round trip")
	}
	if b.Resend(now, first-1, buf) != 0 || b.Stats().Unsent != 1 {
		t.Error("what was never sent is sent again")
	}
	got := 0
	for i := range uint16(100) {
		if b.Resend(now, first+i, buf) > 0 {
			got++
		}
	}
	if most := leastResend / 1000; got < most/2 || got > most || b.Stats().Refused == 0 {
		t.Errorf("%d at once, budget of %d", got, most)
	}
	tries := 0
	for range 50 {
		now += time.Second
		if b.Resend(now, first+50, buf) > 0 {
			tries++
		}
	}
	if tries < resendTries-1 || tries > resendTries {
		t.Errorf("one was sent again %d times", tries)
	}
	if n := b.Probe(now, buf); n == 0 || rtp.Parse(buf[:n], &h) != nil || h.SSRC != 0xabce {
		t.Errorf("a probe of %d bytes", n)
	}
}

// TestPaddingIsAProbe: without a stream for what is sent again, padding between frames is.
func TestPaddingIsAProbe(t *testing.T) {
	s := vp8(t, rtp.RequestPLI, LayerConfig{SSRC: 5})
	b := subscribe(t, s, NewReceiver(ours), 0)
	w := newWatcher(t, payload.VP8)
	buf := make([]byte, MaxPacket)
	from := sender{ssrc: 5}
	now := time.Hour
	b.Aim(now, 0, 0)
	if b.Probe(now, buf) != 0 {
		t.Fatal("a probe before the stream has begun")
	}
	for i := range 20 {
		ref, _ := s.Packet(now, from.frame(i == 0))
		w.take(buf[:b.Write(now, ref, buf)])
		if b.More(now, buf) != 0 {
			t.Fatal("more than one")
		}
		n := b.Probe(now, buf)
		if n < 255 {
			t.Fatalf("a probe of %d bytes", n)
		}
		w.take(buf[:n])
	}
	if frames, missing, broken := w.frames(); len(frames) != 20 || missing+broken > 0 {
		t.Errorf("%d frames, %d missing, %d broken", len(frames), missing, broken)
	}
	info, ok := b.Report(now, 1<<40)
	if !ok || info.Packets != 20 || info.RTPTime != b.clock.out || info.NTP != 1<<40 {
		t.Errorf("%+v", info)
	}
}

func TestConfigs(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no codec":          {Layers: make([]LayerConfig, 1)},
		"no layers":         {Codec: payload.VP8},
		"too many layers":   {Codec: payload.VP8, Layers: make([]LayerConfig, MaxLayers+1)},
		"too large history": {Codec: payload.VP8, Layers: make([]LayerConfig, 1), History: 1 << 20},
	} {
		if _, err := NewSource(cfg); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	s := vp8(t, 0, LayerConfig{})
	if _, err := NewSubscription(s, NewReceiver(ours), Stream{MID: "a mid of nineteen c"}); err == nil {
		t.Error("a long mid is taken")
	}
}
