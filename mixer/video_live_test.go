package mixer

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// What a party asks of the stream that it sees comes to whoever sends it, as if about that
// one's own; a picture to begin with is asked for without that.
func TestVideoRequests(t *testing.T) { eachIO(t, testVideoRequests) }

func testVideoRequests(t *testing.T, io IO) {
	began := time.Now()
	l := newLive(t, quiet().by(io))
	pair, err := l.engine.NewPair()
	if err != nil {
		t.Fatal(err)
	}
	var cameras [2]*handset
	for i := range cameras {
		phone, camera := l.handset("phone", PortConfig{}), l.handset("camera", PortConfig{})
		if err := camera.port.SetMedia(passing(vp8(uint8(96 + i)))); err != nil {
			t.Fatal(err)
		}
		camera.port.SetReports(ReportPeer{Media: camera.addr(), Remote: camera.addr(), Mux: true, Requests: rtp.RequestPLI | rtp.RequestNACK})
		phone.port.SetVideo(camera.port)
		if err := phone.port.Connect(pair); err != nil {
			t.Fatal(err)
		}
		cameras[i] = camera
	}
	a, b := cameras[0], cameras[1]
	const source = 0xabcd
	h := rtp.Header{PayloadType: 96, SequenceNumber: 500, Timestamp: 90000, SSRC: source}
	packet := append(make([]byte, rtp.HeaderBytes), 1, 2, 3)
	var sees rtp.Header
	for sees.SSRC == 0 { // the ports may not be where they go yet
		h.SequenceNumber++
		h.Put(packet)
		if _, err := a.conn.WriteToUDPAddrPort(packet, a.to); err != nil {
			t.Fatal(err)
		}
		_ = b.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		buf := make([]byte, 2000)
		n, _, err := b.conn.ReadFromUDPAddrPort(buf)
		if err == nil && !rtp.IsRTCP(buf[:n]) {
			if err := rtp.Parse(buf[:n], &sees); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask := a.request(t, func(f *rtp.Feedback) bool { return f.Kind == rtp.PayloadFeedback && f.Format == rtp.FormatPLI })
	if ask.Media != source {
		t.Errorf("asks for a picture of %x", ask.Media)
	}
	// Packet sees of b's stream is lost, or so b says. Which of a's that is, is known once
	// the packet after next has come through.
	lost := &rtp.Feedback{
		Kind: rtp.TransportFeedback, Format: rtp.FormatNACK, Sender: 5, Media: sees.SSRC,
		Detail: []byte{byte(sees.SequenceNumber >> 8), byte(sees.SequenceNumber), 0, 0},
	}
	report := (&rtp.Report{SSRC: 5, CNAME: []byte("b")}).Append(nil)
	if _, err := b.conn.WriteToUDPAddrPort(lost.Append(report), b.to); err != nil {
		t.Fatal(err)
	}
	got := a.request(t, func(f *rtp.Feedback) bool { return f.Kind == rtp.TransportFeedback })
	if n := uint16(got.Detail[0])<<8 | uint16(got.Detail[1]); got.Media != source || n > h.SequenceNumber || n <= 500 {
		t.Errorf("asks for %d of %x again", n, got.Media)
	}

	// A flood of requests, with as many in a packet as are looked at, reaches the sender at a
	// rate that it can bear.
	const perPacket, burst, perSecond = 16, 25, 50
	flood := report
	for range perPacket {
		flood = lost.Append(flood)
	}
	for range 2000 {
		if _, err := b.conn.WriteToUDPAddrPort(flood, b.to); err != nil {
			t.Fatal(err)
		}
	}
	b.port.Close()
	b.await(Closed)
	out := a.port.Stats().ReportsOut
	// The allowance is no older than the test; a report a second is more than there are of
	// a's own.
	if most := burst + (perSecond+1)*time.Since(began).Seconds(); float64(out) > most {
		t.Errorf("%d packets were sent, want at most %.0f", out, most)
	}
	pair.Close()
}

// request waits for a request of a kind.
func (h *handset) request(t *testing.T, want func(*rtp.Feedback) bool) rtp.Feedback {
	t.Helper()
	if err := h.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 2000)
	for {
		n, _, err := h.conn.ReadFromUDPAddrPort(p)
		if err != nil {
			t.Fatal(err)
		}
		if !rtp.IsRTCP(p[:n]) {
			continue
		}
		for _, f := range rtp.ParseFeedback(p[:n], nil) {
			if want(&f) {
				return f
			}
		}
	}
}
