package sdp

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Negotiator is one leg's side of the offers and answers of one dialog. It is
// used by one goroutine at a time.
//
// An exchange that fails leaves what was agreed before as it is.
type Negotiator struct {
	cfg      Config
	state    State
	offered  *offered // our last offer, until one of the peer's is answered
	answered bool     // the peer answered offered at least once
	last     *Result
	made     *Media // our line of the last description
	beside   placed // a line of it that another Negotiator makes

	displaced []MediaLine // by the last OfferAlone
}

// State is what another process needs to go on with an established dialog. It is
// plain data.
type State struct {
	SessionID, Version uint64
	// Sent is the last description we sent, without its version.
	Sent string
	// Lines are the media lines that the session has come to have. They stay in
	// their order, refused or not (RFC 3264 §8). Audio is the index of ours.
	Lines []MediaLine
	Audio int
	// Bindings are the payload types in use.
	Bindings []Binding
	// Direction is what our side wants.
	Direction media.Direction
	// Key is what we send with, if audio is encrypted. It is as secret as Sent then.
	Key srtp.Master
	// Handshake is what makes the keys in its place.
	Handshake Association
}

// MediaLine is what stays of a media line when its stream is refused.
type MediaLine struct{ Kind, Profile, Format string }

// offered is what our last offer said.
type offered struct {
	formats   []media.Format
	events    []media.Events
	direction media.Direction
	level     uint8
	mux       bool
	noise     bool
	keys      []Crypto
	handshake bool
	setup     Setup
	forked    bool // a further answer is of somebody elsewhere
}

// NewNegotiator starts a dialog's negotiations.
func NewNegotiator(cfg Config) (*Negotiator, error) {
	id := cfg.SessionID
	if id == 0 {
		id = uint64(rand.Int32N(1<<31-1)) + 1 // some peers keep it in an int
	}
	return RestoreNegotiator(cfg, State{SessionID: id})
}

// RestoreNegotiator continues from a State. One that no Negotiator has given is an
// error of kind fault.Invalid.
func RestoreNegotiator(cfg Config, state State) (*Negotiator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := state.validate(); err != nil {
		return nil, err
	}
	return &Negotiator{cfg: cfg, state: state.clone()}, nil
}

// State gives what RestoreNegotiator takes, as of the last exchange.
func (n *Negotiator) State() State { return n.state.clone() }

// validate reports what a State cannot be, as it comes from outside.
func (s State) validate() error {
	switch {
	case len(s.Lines) > MaxMedia:
		return bad("sdp: state: %d media lines, more than %d", len(s.Lines), MaxMedia)
	case s.Audio < 0 || s.Audio >= max(len(s.Lines), 1):
		return bad("sdp: state: the audio is media line %d of %d", s.Audio, len(s.Lines))
	case len(s.Bindings) > 128:
		return bad("sdp: state: %d payload types, more than 128", len(s.Bindings))
	case s.Direction > media.Inactive:
		return bad("sdp: state: direction %d", s.Direction)
	case srtp.SuiteByName(s.Key.Suite.String()) != s.Key.Suite || s.Key.MKIBytes != 0:
		return bad("sdp: state: a key of suite %d", s.Key.Suite)
	}
	if err := s.Handshake.validate(); err != nil {
		return err
	}
	for i, l := range s.Lines {
		for _, word := range []string{l.Kind, l.Profile, l.Format} {
			if word == "" || len(word) > MaxLineBytes || word != strings.Join(strings.Fields(word), "") || strings.ContainsRune(word, 0) {
				return bad("sdp: state: media line %d: %q is no word", i, word)
			}
		}
	}
	var seen [128]bool
	for _, b := range s.Bindings {
		if b.PayloadType > 127 || seen[b.PayloadType] {
			return bad("sdp: state: payload type %d is over 127, or there twice", b.PayloadType)
		}
		if b.Encoding.Name == "" || b.Encoding.ClockRate <= 0 {
			return bad("sdp: state: payload type %d has no meaning", b.PayloadType)
		}
		seen[b.PayloadType] = true
	}
	return nil
}

func (s State) clone() State {
	s.Lines, s.Bindings = slices.Clone(s.Lines), slices.Clone(s.Bindings)
	return s
}

// Reconfigure changes codecs, address and so on, from the next exchange on. The
// session id stays.
func (n *Negotiator) Reconfigure(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	n.cfg = cfg
	return nil
}

// SetDirection says what our side wants in answers to come. Offer does so too,
// once it has been answered.
func (n *Negotiator) SetDirection(d media.Direction) { n.state.Direction = d }

// Offer makes a description to send, first or later in a dialog. SendOnly puts
// the peer on hold, SendRecv takes it back. The peer answers it (SetAnswer) or
// refuses it (Rollback).
func (n *Negotiator) Offer(dir media.Direction) []byte {
	if len(n.state.Lines) == 0 {
		n.state.Lines, n.state.Audio = []MediaLine{{n.kind(), n.offerProfile(), "0"}}, 0
	}
	n.comeBack()
	o := &offered{direction: dir, mux: n.cfg.RTCPMux}
	n.offered, n.answered = o, false
	types := (*bindings)(&n.state.Bindings)
	var payloads []Payload
	rates := []int{8000} // many devices know telephone-event at 8 kHz only
	for _, c := range n.cfg.Codecs {
		pt, ok := types.typeOf(encodingOf(c), c.PayloadType)
		if !ok {
			continue
		}
		o.formats = append(o.formats, media.Format{Codec: c, PayloadType: pt})
		payloads = append(payloads, Payload{pt, encodingOf(c), c.Fmtp})
		if !slices.Contains(rates, c.ClockRate) {
			rates = append(rates, c.ClockRate)
		}
	}
	for _, rate := range rates[:min(len(rates), media.MaxReceiveEvents)] {
		e := Encoding{Name: media.TelephoneEventName, ClockRate: rate, Channels: 1}
		if !n.cfg.DTMF {
			break
		}
		if pt, ok := types.typeOf(e, media.DynamicPT); ok {
			o.events = append(o.events, media.Events{PayloadType: pt, ClockRate: rate})
			payloads = append(payloads, Payload{pt, e, eventsTo16})
		}
	}
	if o.noise = n.cfg.Noise && takesNoise(o.formats); o.noise {
		payloads = append(payloads, noisePayload)
	}
	if n.cfg.AudioLevel {
		o.level = 1
	}
	line := n.state.Lines[n.state.Audio]
	t := terms{
		direction: dir, ptime: n.cfg.Ptime, mux: o.mux, level: o.level, extended: n.cfg.Extended, requests: n.cfg.Requests,
	}
	if o.handshake = n.offersHandshake(line.Profile); o.handshake {
		o.setup = n.cfg.Handshaking.Setup
		if n.state.Handshake.ID == "" {
			n.state.Handshake.ID = newID()
		}
		t.handshake = n.cfg.Handshaking.attributes(o.setup, n.state.Handshake.ID)
	} else {
		o.keys = n.offerKeys(line.Profile)
		t.keys = o.keys
	}
	return n.seal(n.state.Lines, n.state.Audio, n.audio(line, payloads, t))
}

// Repeat makes an offer of the description that both sides agreed on last, as it stands,
// version and all: a refresh that changes nothing (RFC 3264 §8, RFC 4028 §7.4). It is that of
// Offer where anything was said since, and where there are keys.
func (n *Negotiator) Repeat(agreed []byte) []byte {
	was := n.state
	if n.last == nil || n.last.Secure() || n.beside.line != nil || !bytes.Equal(n.rendered(), agreed) {
		return n.Offer(was.Direction)
	}
	made := n.made
	n.Offer(was.Direction)
	n.state.Sent, n.state.Version, n.made = was.Sent, was.Version, made
	n.offered.formats, n.offered.events = n.last.Receive, n.last.ReceiveEvents
	return agreed
}

// rendered is the last description as it was sent.
func (n *Negotiator) rendered() []byte {
	id := strconv.FormatUint(n.state.SessionID, 10)
	version := len("v=0\r\no=") + len(n.cfg.Username) + len(" ") + len(id) + len(" ") // where it stands
	b := make([]byte, 0, len(n.state.Sent)+20)
	b = append(b, n.state.Sent[:version]...)
	b = strconv.AppendUint(b, n.state.Version, 10)
	return append(b, n.state.Sent[version:]...)
}

// Rollback forgets an offer that the peer refused. What was agreed before stays.
func (n *Negotiator) Rollback() { n.offered, n.answered = nil, false }

// seal puts the audio line among the refused ones and prints the session. Its
// version grows when it differs from what was sent last (RFC 3264 §8).
func (n *Negotiator) seal(lines []MediaLine, audio int, m *Media) []byte {
	family := "IP4"
	if n.cfg.Address.Is6() {
		family = "IP6"
	}
	address := n.cfg.Address.WithZone("").String()
	s := &Session{
		Origin:     Origin{n.cfg.Username, strconv.FormatUint(n.state.SessionID, 10), "", "IN", family, address},
		Name:       n.cfg.SessionName,
		Connection: &Connection{"IN", family, address},
		Lines:      []Line{{'t', "0 0"}},
	}
	n.made = m
	for i, l := range lines {
		switch {
		case i == audio:
			s.Media = append(s.Media, m)
			continue
		case n.beside.line != nil && i == n.beside.at:
			s.Media = append(s.Media, n.beside.line)
			continue
		}
		s.Media = append(s.Media, &Media{Kind: l.Kind, Profile: l.Profile, Formats: []string{l.Format}})
	}
	if text := s.Bytes(); string(text) != n.state.Sent {
		n.state.Sent = string(text)
		n.state.Version++
	}
	return n.rendered()
}

// commit makes a result the agreed one.
func (n *Negotiator) commit(r *Result, k keyed) Result {
	r.Keys, r.Handshake = k.keys, k.handshake.result()
	n.state.keep(k.handshake)
	n.last = r
	n.state.Key = r.Keys.Send
	return *r
}

func intersect(a, b media.Direction) media.Direction {
	switch sends, receives := a.Sends() && b.Sends(), a.Receives() && b.Receives(); {
	case sends && receives:
		return media.SendRecv
	case sends:
		return media.SendOnly
	case receives:
		return media.RecvOnly
	}
	return media.Inactive
}

// target is where the peer receives; an address of the other family than ours
// cannot be sent to.
func (n *Negotiator) target(s *Session, m *Media) (Target, error) {
	t, err := s.Target(m)
	if err == nil && !t.Held && t.RTP.Addr().Is4() != n.cfg.Address.Is4() {
		err = errNoAudio("%v cannot be reached from %v", t.RTP.Addr(), n.cfg.Address)
	}
	return t, err
}

// restrict is the direction of a description whose author holds by its address.
func (t Target) restrict(d media.Direction) media.Direction {
	if t.Held {
		return intersect(d, media.SendOnly)
	}
	return d
}

func errNoAudio(format string, args ...any) error {
	return fault.New(fault.NotAcceptable, "sdp: "+format, args...)
}
