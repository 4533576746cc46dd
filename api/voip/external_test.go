package voip_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// An outside address hears the room and is heard in it, until it is put out or the room ends.
func TestExternalMediaInARoom(t *testing.T) {
	r := newRig(t)
	alice, root := r.as("alice"), r.as("root", role(auth.RoleAdmin))
	room := alice.room(map[string]any{"name": "Listened to"})
	path := "/rooms/" + room.ID
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	defer func() { must(t, conn.Close()) }()
	must(t, conn.SetReadDeadline(time.Now().Add(2*patience)))
	host := conn.LocalAddr().String()

	alice.post(path+"/external-media", map[string]any{"host": host, "format": "ulaw"}).want(403)
	root.post(path+"/external-media", map[string]any{"host": "nowhere", "format": "ulaw"}).want(422).at("body.host")
	root.post(path+"/external-media", map[string]any{"host": host, "format": "silk"}).want(422).at("body.format")
	root.post(path+"/external-media", map[string]any{"host": host, "format": "ulaw", "timeout": -1}).want(422).at("body.timeout")
	root.post("/rooms/x/external-media", map[string]any{"host": host, "format": "ulaw"}).want(404)

	ph := r.speaks("1001", 500)
	alice.joins(room.ID, map[string]any{"endpoint": "SIP/1001"})
	var joined rooms.ExternalMediaJoined
	root.post(path+"/external-media", map[string]any{"host": host, "format": "ulaw"}).want(201).into(&joined)
	alice.awaits(room.ID, "both are in", present(2))

	to := netip.AddrPortFrom(netip.MustParseAddr(joined.LocalAddress), uint16(joined.LocalPort))
	say := tone.MuLaw(tone.Sine(700, 8000, 1, 8000))
	heard, listened := make(chan []int16, 1), make(chan struct{})
	enough := listened
	go func() { // ends with the room's audio, awaited below
		var pcm []int16
		buf := make([]byte, 2000)
		out := rtp.Header{SSRC: 5}
		defer func() { heard <- pcm }()
		for i := 0; ; i++ { // a packet for each that comes, which is a clock
			if len(pcm) > 12000 && enough != nil {
				close(enough)
				enough = nil
			}
			n, err := conn.Read(buf)
			if err != nil {
				return // nothing comes any more
			}
			var h rtp.Header
			if rtp.Parse(buf[:n], &h) == nil {
				pcm = append(pcm, tone.FromMuLaw(h.Payload)...)
			}
			packet := append(make([]byte, rtp.HeaderBytes), say[i%50*160:][:160]...)
			out.Put(packet)
			out.SequenceNumber++
			out.Timestamp += 160
			_, _ = conn.WriteToUDPAddrPort(packet, to) // refused once the channel has ended
		}
	}()
	hears(t, "the phone", ph, 700)
	select {
	case <-listened:
	case <-time.After(patience):
		t.Error("the other side is sent nothing")
	}
	root.post(path+"/participants/"+joined.ParticipantID+"/kick", nil).want(200)
	eventually(t, func() bool { return r.ports.InUse() == 0 }, func() string { return "its channel has ended" })
	must(t, conn.SetReadDeadline(time.Now().Add(time.Second)))
	pcm := <-heard
	best := -100.0
	for at := 0; at+4000 <= len(pcm); at += 2000 {
		best = max(best, tone.Lasting(pcm[at:at+4000], 8000, 500))
	}
	if best < -25 {
		t.Errorf("the other side hears 500 Hz at %.1f dBFS", best)
	}
	root.post(path+"/external-media", map[string]any{"host": host, "format": "opus"}).want(201)
	alice.delete(path).want(204)
	eventually(t, func() bool { return r.ports.InUse() == 0 }, func() string { return "it has ended with the room" })
}
