package webrtc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/media/bandwidth"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// receiveBytes is the buffer that is asked for.
const receiveBytes = 1 << 20

// Load is the media of many clients. Take them over, have them Say or Show something, Run, Close.
type Load struct {
	parties []*party
	clock   load.Clock
	batch   *load.ReceiveBatch
}

// party is a client under load.
type party struct {
	*Client
	fd       int
	to       netip.AddrPort
	kinds    [128]byte // of what comes, by payload type: 'a', 'v' or 0
	voice    *load.Sender
	camera   *camera
	control  *srtp.Sender
	receiver *srtp.Receiver
	report   []byte
	secured  []byte

	heard    measure.Reception
	seen     []Stream
	arrivals *bandwidth.Arrivals // nil without video that is numbered for all of the transport
	wideID   uint8
	tap      []load.Packet
	tapped   bool
}

// Stream is a video that a client was sent, in the time that counts.
type Stream struct {
	SSRC uint32
	measure.Reception
}

// Take takes clients over that are connected.
func Take(clients []*Client) (_ *Load, err error) {
	clock, err := load.NewClock()
	if err != nil {
		return nil, err
	}
	l := &Load{clock: clock, batch: load.NewReceiveBatch()}
	for i, c := range clients {
		p := &party{Client: c, fd: -1}
		l.parties = append(l.parties, p)
		if err := p.take(); err != nil {
			return nil, errors.Join(fmt.Errorf("client %d: %w", i, err), l.Close())
		}
	}
	return l, nil
}

func (p *party) take() (err error) {
	if p.control, err = srtp.NewSender(p.keys.Send, srtp.State{}, srtp.RTCPOnly); err != nil {
		return err
	}
	if p.receiver, err = srtp.NewReceiver(p.keys.Receive, srtp.State{}, srtp.Whole); err != nil {
		return err
	}
	for i := range p.theirs.sections {
		s := &p.theirs.sections[i]
		for kind, codec := range map[byte]string{'a': "opus", 'v': "vp8"} {
			if t, ok := s.typeOf(codec); ok && !s.refused {
				p.kinds[t&0x7f] = kind
			}
		}
		if id := s.extensions[transport]; s.kind == Video && id != 0 && p.cfg.Feedback {
			p.arrivals, p.wideID = new(bandwidth.Arrivals), id
		}
	}
	p.report, p.secured = make([]byte, 0, 2048), make([]byte, 2048+srtp.Overhead)
	p.fd, p.to, err = p.socket()
	return err
}

// Close closes what was taken over; the clients remain to be closed.
func (l *Load) Close() (err error) {
	for _, p := range l.parties {
		if p.fd >= 0 {
			err = errors.Join(err, unix.Close(p.fd))
		}
		p.fd = -1
	}
	return err
}

// Clock is what the times of a Result are by.
func (l *Load) Clock() load.Clock { return l.clock }

// Takes is the payload type with which a client's audio is taken, and the id of its level; ok is
// false if it is not.
func (c *Client) Takes() (payloadType, level uint8, ok bool) { return c.codec(Audio, levelURI) }

// Say has a client say something, from somewhere in its cycle on.
func (l *Load) Say(client int, s *load.Stream, offset int) error {
	p := l.parties[client]
	voice := load.NewSender(s, offset, p.audioSSRC)
	p.voice = &voice
	return p.voice.Secure(p.keys.Send)
}

// Show has a client show a film.
func (l *Load) Show(client int, f Film) error {
	p := l.parties[client]
	t, wide, ok := p.codec(Video, transport)
	if !ok {
		return fmt.Errorf("webrtc: nobody takes the video of client %d", client)
	}
	if !p.cfg.Feedback {
		wide = 0
	}
	var err error
	p.camera, err = newCamera(f, t, wide, p.videoSSRC, p.keys.Send)
	return err
}

// Tap has what a client hears kept, in the time that counts.
func (l *Load) Tap(client int) { l.parties[client].tapped = true }

// Tapped is what a tapped client heard.
func (l *Load) Tapped(client int) []load.Packet { return l.parties[client].tap }

// Seen is what a client was shown.
func (l *Load) Seen(client int) []Stream { return l.parties[client].seen }

// Result is what came of a run.
type Result struct {
	load.Result        // of audio
	Shown       uint64 // packets of video that were sent
}

// The rhythm: slots of a millisecond; each socket is looked at every reading slots.
const (
	slot      = load.Frame / load.Slots
	reading   = 5
	reporting = time.Second
)

// Run sends and receives until the plan is over or the context ends, which is an error. at is
// called, if not nil, when the time begins that counts and when it ends. As with load.Load's, the
// caller's goroutine is to do nothing else on its thread.
func (l *Load) Run(ctx context.Context, plan load.Plan, at func()) (*Result, error) {
	runtime.LockOSThread() // and never unlocked: the thread's scheduling is changed
	load.Schedule()
	start := l.clock.Now() + int64(load.Frame)
	from := start + int64(plan.Warm)
	until := from + int64(plan.Measure)
	if at == nil {
		at = func() {}
	}
	r := &Result{Result: load.Result{Legs: len(l.parties)}}
	shows := 0
	for _, p := range l.parties {
		if p.voice != nil {
			r.Expected += plan.Expected()
		}
		if p.camera != nil { // not all in one moment
			p.camera.due = start + int64(shows)*int64(7*time.Millisecond)%p.camera.interval()
			shows++
		}
	}
	slots := int((plan.Warm + plan.Measure) / slot)
	for n := range slots {
		due := start + int64(n)*int64(slot)
		l.clock.SleepUntil(due)
		if n%load.Slots == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		counts := due >= from
		if counts && due-int64(slot) < from {
			at()
		}
		if counts {
			r.Late.Add(time.Duration(l.clock.Now() - due))
		}
		l.send(n, due, counts, r)
		for i := n % reading; i < len(l.parties); i += reading {
			l.receive(l.parties[i], from, until, r)
		}
	}
	l.clock.SleepUntil(until)
	at()
	l.clock.SleepUntil(until + int64(50*time.Millisecond))
	for _, p := range l.parties {
		l.receive(p, from, until, r)
		r.Received += p.heard.Packets
		r.Lost += p.heard.Lost
		r.Largest = append(r.Largest, p.heard.Largest)
	}
	return r, nil
}

// send sends what is due in a slot: voices in the slots of their clients, pictures when they are
// due, reports once a second.
func (l *Load) send(n int, due int64, counts bool, r *Result) {
	for i := n % load.Slots; i < len(l.parties); i += load.Slots {
		if p := l.parties[i]; p.voice != nil {
			header, payload := p.voice.Packet(nil)
			p.plainSend(append(append(p.report[:0], header...), payload...), counts, r)
		}
	}
	const every = int(reporting / slot)
	for i, p := range l.parties {
		if p.camera != nil && p.camera.due <= due {
			l.show(p, counts, r)
		}
		if (n+i*37)%every == 0 {
			p.tell(l.clock.Now(), true)
		} else if p.arrivals != nil && (n+i)%reading == 0 {
			p.tell(l.clock.Now(), false)
		}
	}
}

// plainSend sends what is sealed already.
func (p *party) plainSend(packet []byte, counts bool, r *Result) {
	_, err := unix.Write(p.fd, packet)
	switch {
	case !counts:
	case err != nil:
		r.Unsent++
	default:
		r.Sent++
	}
}

// show sends a picture.
func (l *Load) show(p *party, counts bool, r *Result) {
	p.camera.due += p.camera.interval()
	for n := range p.camera.Packets {
		packet, err := p.camera.packet(n)
		if err == nil {
			_, err = unix.Write(p.fd, packet)
		}
		switch {
		case !counts:
		case err != nil:
			r.Unsent++
		default:
			r.Shown++
		}
	}
}

// The RTCP that clients send.
const (
	receiverReport = 201
	remb           = 15
	// rembKilo is what a client's network carries by its own estimate: 20 Mbit/s, as 156250·2⁷.
	rembMantissa, rembExponent = 156250, 7
)

// tell sends the reports that are due: that the client is there, and what its network carries.
func (p *party) tell(now int64, all bool) {
	b, ssrc := p.report[:0], p.audioSSRC
	b = append(b, 0x80, receiverReport, 0, 1)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	empty := len(b)
	if all && p.camera == nil {
		b = append(b, 0x80|remb, rtp.PayloadFeedback, 0, 5)
		b = binary.BigEndian.AppendUint32(b, ssrc)
		b = binary.BigEndian.AppendUint32(b, 0)
		b = append(b, "REMB"...)
		b = binary.BigEndian.AppendUint32(b, 1<<24|rembExponent<<18|rembMantissa)
		b = binary.BigEndian.AppendUint32(b, p.videoSSRC)
	}
	if p.arrivals != nil && len(p.seen) > 0 {
		b = p.arrivals.Feedback(time.Duration(now), ssrc, p.seen[0].SSRC, b)
	}
	if len(b) == empty && !all {
		return
	}
	if sealed, err := p.control.ProtectRTCP(p.secured, b); err == nil { // always, as numbers go up
		_, _ = unix.Write(p.fd, sealed) // another one follows
	}
}

// receive takes what waits in a client's socket.
func (l *Load) receive(p *party, from, until int64, r *Result) {
	for {
		n := l.batch.Receive(p.fd)
		for i := range n {
			packet, at := l.batch.Packet(i), l.batch.Arrival(i)
			switch {
			case len(packet) < rtp.HeaderBytes:
			case packet[0] < 4:
				if answer := p.respond(packet, p.to); answer != nil {
					_, _ = unix.Write(p.fd, answer) // it is asked again
				}
			case packet[0] < 128: // DTLS
			case rtp.IsRTCP(packet):
				p.asked(packet)
			default:
				p.media(packet, at, at >= from && at < until, r)
			}
		}
		if n < load.BatchPackets {
			return
		}
	}
}

// asked looks whether a report asks for a whole picture.
func (p *party) asked(packet []byte) {
	if p.camera == nil {
		return
	}
	plain, err := p.receiver.UnprotectRTCP(packet)
	if err != nil {
		return
	}
	for _, f := range rtp.ParseFeedback(plain, nil) {
		if f.Kind == rtp.PayloadFeedback && (f.Format == rtp.FormatPLI || f.Format == rtp.FormatFIR) {
			p.camera.key = true
		}
	}
}

// media counts a packet.
func (p *party) media(packet []byte, at int64, counts bool, r *Result) {
	var h rtp.Header
	if rtp.Parse(packet, &h) != nil {
		return
	}
	if p.arrivals != nil {
		if x := h.Element(p.wideID); len(x) == 2 {
			p.arrivals.Record(time.Duration(at), binary.BigEndian.Uint16(x))
		}
	}
	switch p.kinds[h.PayloadType] {
	case 'a':
		if !counts {
			return
		}
		if gap, known := p.heard.Add(h.SequenceNumber, at); known {
			r.Gaps.Add(gap)
		}
		if p.tapped {
			p.keep(packet, at)
		}
	case 'v':
		s := p.stream(h.SSRC)
		if counts {
			s.Add(h.SequenceNumber, at)
		}
	}
}

// stream is that of an SSRC.
func (p *party) stream(ssrc uint32) *Stream {
	for i := range p.seen {
		if p.seen[i].SSRC == ssrc {
			return &p.seen[i]
		}
	}
	p.seen = append(p.seen, Stream{SSRC: ssrc})
	return &p.seen[len(p.seen)-1]
}

// keep opens a packet of audio and keeps it.
func (p *party) keep(packet []byte, at int64) {
	var h rtp.Header
	if plain, err := p.receiver.Unprotect(packet); err == nil && rtp.Parse(plain, &h) == nil {
		p.tap = append(p.tap, load.Packet{At: at, PayloadType: h.PayloadType, Payload: append([]byte(nil), h.Payload...)})
	}
}
