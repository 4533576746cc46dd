package forward

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp/codecs"

	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// theirs and ours are the extensions' ids at the sender (see testdata/video) and at the
// receiver.
var (
	theirs = Extensions{MID: 9, RID: 10, RepairedRID: 11, TransportWide: 4, AbsSendTime: 2, Dependency: 13, Orientation: 3}
	ours   = Extensions{MID: 1, TransportWide: 2, AbsSendTime: 3, Dependency: 4, Orientation: 5}
)

// recording is one of testdata/video.
type recording struct {
	name   string
	codec  payload.Codec
	pt     uint8
	layers []uint32
}

var recordings = []recording{
	{"vp8-simulcast", payload.VP8, 96, []uint32{1747009082, 3187384778}},
	{"vp8-described", payload.VP8, 96, []uint32{2844018472, 243468353}},
	{"vp9-simulcast", payload.VP9, 98, []uint32{2870355289, 44118076}},
	{"h264-simulcast", payload.H264, 108, []uint32{485755806, 4158903632}},
	{"av1-simulcast", payload.AV1, 45, []uint32{376463145, 2555271485}},
}

// svc is one stream of three spatial layers, which are passed on together.
var svc = recording{"vp9-svc", payload.VP9, 98, []uint32{3036276007}}

// source is one for the recording.
func (r *recording) source(t testing.TB) *Source {
	t.Helper()
	cfg := Config{
		Codec: r.codec, PayloadType: r.pt, Extensions: theirs, ReceiverSSRC: 1,
		Requests: rtp.RequestNACK | rtp.RequestPLI, History: 256,
	}
	for i, ssrc := range r.layers {
		cfg.Layers = append(cfg.Layers, LayerConfig{RID: string(rune('a' + i)), SSRC: ssrc})
	}
	s, err := NewSource(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (r *recording) packetsOf(t testing.TB) []mediatest.Dumped {
	return mediatest.RTPDump(t, "../../testdata/video/"+r.name+".rtpdump")
}

func subscribe(t testing.TB, s *Source, to *Receiver, rtx uint32) *Subscription {
	t.Helper()
	b, err := NewSubscription(s, to, Stream{
		SSRC: 0xabcd, PayloadType: 120, RTX: rtx, RTXPayloadType: 121, MID: "7", Sequence: 65500, Timestamp: 0xfffff000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// watcher is the reference: it puts frames together as a receiver does, from packets in
// whatever order, and finds fault with what no receiver could read.
type watcher struct {
	t          testing.TB
	codec      payload.Codec
	packets    map[uint32]rtp.Header // by extended number
	seq        uint32
	began      bool
	first      uint32
	dependency uint8 // id of that extension
	lossy      bool  // structures of key frames may be lost
}

func newWatcher(t testing.TB, c payload.Codec) *watcher {
	return &watcher{t: t, codec: c, packets: make(map[uint32]rtp.Header), dependency: ours.Dependency}
}

// take takes a packet as it came out.
func (w *watcher) take(packet []byte) {
	w.t.Helper()
	packet = bytes.Clone(packet)
	var h rtp.Header
	if err := rtp.Parse(packet, &h); err != nil {
		w.t.Fatalf("what was written is no RTP: %v", err)
	}
	if h.SSRC == 0xabce { // sent again on its own stream
		h.SequenceNumber, h.Payload = binary.BigEndian.Uint16(h.Payload), h.Payload[2:]
		h.SSRC, h.PayloadType = 0xabcd, 120
	}
	if h.SSRC != 0xabcd || h.PayloadType != 120 || string(h.Element(ours.MID)) != "7" {
		w.t.Fatalf("SSRC %x, payload type %d, mid %q", h.SSRC, h.PayloadType, h.Element(ours.MID))
	}
	if !w.began {
		w.began, w.seq, w.first = true, 1<<16|uint32(h.SequenceNumber), 1<<16|uint32(h.SequenceNumber)
	}
	ext := w.seq + uint32(int32(int16(h.SequenceNumber-uint16(w.seq))))
	if int32(ext-w.seq) > 0 {
		w.seq = ext
	}
	if old, twice := w.packets[ext]; twice {
		if old.Timestamp != h.Timestamp || !bytes.Equal(old.Payload, h.Payload) || old.Marker != h.Marker {
			w.t.Fatalf("packet %d differs from the one sent before", ext)
		}
	}
	w.packets[ext] = h
}

// watched is a frame that came whole.
type watched struct {
	data      []byte
	timestamp uint32
	packet    payload.Packet // the first
}

// frames are those that came whole, in order, with how many numbers are missing.
func (w *watcher) frames() (list []watched, missing, broken int) {
	w.t.Helper()
	var d payload.Dependencies
	var now []rtp.Header
	whole := true
	last := uint32(0)
	for ext := w.first; w.began && ext <= w.seq; ext++ {
		h, ok := w.packets[ext]
		if !ok {
			missing++
			whole, w.lossy = false, true
			continue
		}
		if len(h.Payload) == 0 {
			continue
		}
		if len(now) > 0 && now[0].Timestamp != h.Timestamp { // the end was lost, or cut off
			if whole {
				w.t.Fatalf("frame %d ends without its marker, and nothing is missing", now[0].Timestamp)
			}
			broken++
			now, whole = now[:0], w.packets[ext-1].SSRC != 0
		}
		if len(list) > 0 && len(now) == 0 && int32(h.Timestamp-last) <= 0 {
			w.t.Fatalf("time stamp %d after %d", h.Timestamp, last)
		}
		now = append(now, h)
		if !h.Marker {
			continue
		}
		last = h.Timestamp
		if whole {
			list = append(list, w.whole(now, &d))
		} else {
			broken++
		}
		now, whole = now[:0], true
	}
	return list, missing, broken
}

// whole makes a frame of its packets.
func (w *watcher) whole(packets []rtp.Header, d *payload.Dependencies) watched {
	w.t.Helper()
	f := watched{timestamp: packets[0].Timestamp}
	if w.codec == payload.AV1 {
		f.data = append(f.data, 0x12, 0) // temporal delimiter
	}
	var vp8 codecs.VP8Packet
	var vp9 codecs.VP9Packet
	var h264 codecs.H264Packet
	var av1 codecs.AV1Depacketizer
	for i, h := range packets {
		var p payload.Packet
		if err := payload.Read(w.codec, h.Payload, &p); err != nil {
			w.t.Fatal(err)
		}
		if ext := h.Element(w.dependency); ext != nil {
			if err := d.Read(ext, &p); err != nil && !w.lossy {
				w.t.Fatalf("dependency descriptor: %v", err)
			}
		}
		if i == 0 {
			f.packet = p
		} else if p.PictureID != f.packet.PictureID || p.BaseIndex != f.packet.BaseIndex {
			w.t.Fatalf("picture %d within %d", p.PictureID, f.packet.PictureID)
		}
		var b []byte
		var err error
		switch w.codec {
		case payload.VP8:
			b, err = vp8.Unmarshal(h.Payload)
		case payload.VP9:
			b, err = vp9.Unmarshal(h.Payload)
		case payload.H264:
			b, err = h264.Unmarshal(h.Payload)
		case payload.AV1:
			b, err = av1.Unmarshal(h.Payload)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		f.data = append(f.data, b...)
	}
	return f
}

// decode has ffmpeg decode frames, and tells how many pictures it made of them. It must not
// complain.
func decode(t *testing.T, c payload.Codec, frames []watched) int {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	var file bytes.Buffer
	name := filepath.Join(t.TempDir(), "got.ivf")
	fourcc := map[payload.Codec]string{payload.VP8: "VP80", payload.VP9: "VP90", payload.AV1: "AV01"}[c]
	if c == payload.H264 {
		name = filepath.Join(t.TempDir(), "got.264")
	} else {
		file.WriteString("DKIF\x00\x00\x20\x00" + fourcc)
		for _, v := range []any{uint16(240), uint16(134), uint32(90000), uint32(1), uint32(len(frames)), uint32(0)} {
			if err := binary.Write(&file, binary.LittleEndian, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range frames {
		if c != payload.H264 {
			var head [12]byte
			binary.LittleEndian.PutUint32(head[:], uint32(len(f.data)))
			binary.LittleEndian.PutUint64(head[4:], uint64(f.timestamp-frames[0].timestamp))
			file.Write(head[:])
		}
		file.Write(f.data)
	}
	if err := os.WriteFile(name, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "warning", "-i", name, "-vf", "scale=64:36", "-fps_mode", "passthrough", "-f", "framecrc", "-")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil || said.Len() > 0 {
		t.Errorf("ffmpeg: %v: %s", err, &said)
	}
	n := 0
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n
}

const ms = time.Millisecond
