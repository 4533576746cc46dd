package leg

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// Media is what a port sends and receives: the outcome of one negotiation.
type Media struct {
	// Send is the format of what we send. Without a codec nothing is sent.
	Send media.Format
	// Receive is every payload type that may arrive, with its codec. Packets of
	// other types are dropped.
	Receive []media.Format
	// Passed are the formats, that of Send among them, in which what another party sends
	// is sent on as it comes, without being looked into. Media that has some is only
	// passed on, to a party of a pair (video).
	Passed []media.Format
	// SendEvents is the telephone-event type for digits that we send; ClockRate 0
	// means that the peer takes none.
	SendEvents media.Events
	// ReceiveEvents are the telephone-event types that may arrive, at most one per
	// clock rate.
	ReceiveEvents []media.Events
	// Direction is the negotiated direction as seen from our side. A port that
	// does not send gets no packets, playbacks included; a port that does not
	// receive contributes nothing.
	Direction media.Direction
	// AudioLevel is the id of the header extension in which the peer tells how loud
	// its audio is (RFC 6464, RFC 8285); 0 means that it does not.
	AudioLevel uint8
	// Noise tells that the peer takes comfort noise (RFC 3389) in place of frames that
	// have nothing but background, and is to get it.
	Noise bool
	// Keys are those that packets are protected with in each direction (SRTP); nil for
	// RTP in the clear. Keys that stay, or come back, go on where they were.
	Keys *srtp.Masters
	// KeysAnew says that keys which are new are of another session than those before them,
	// as with a peer elsewhere (RFC 4568 §7.1.4) or by another handshake (RFC 5764 §4.2):
	// rollover counters begin at 0. Without it they go on (RFC 3711 §3.3.1).
	KeysAnew bool
	// AwaitKeys lets nothing pass, in either direction, as Keys are still to come.
	AwaitKeys bool
	// Encoder tunes the encoder of Send.
	Encoder media.EncoderConfig
}

// Validate reports the first part that no port can do.
func (m Media) Validate() error {
	if m.Send.Codec != nil && m.Send.PayloadType > 127 {
		return fault.New(fault.Invalid, "mixer: payload type %d of %s is over 127", m.Send.PayloadType, m.Send.Codec.Name)
	}
	if err := Mixable(m.Send.Codec); err != nil {
		return err
	}
	if p := m.Send.Ptime; p < 0 || p > media.MaxPtime || p%(10e6) != 0 {
		return fault.New(fault.Invalid, "mixer: ptime %v is not 10 to 60 ms", p)
	}
	if m.Keys != nil && !m.Keys.Secure() {
		return fault.New(fault.Invalid, "mixer: a key in one direction only")
	}
	if m.Keys != nil && m.AwaitKeys {
		return fault.New(fault.Invalid, "mixer: keys that are there are still to come")
	}
	if err := m.validatePassed(); err != nil {
		return err
	}
	var seen [128]bool
	take := func(pt uint8) error {
		if pt > 127 {
			return fault.New(fault.Invalid, "mixer: payload type %d is over 127", pt)
		}
		if seen[pt] {
			return fault.New(fault.Invalid, "mixer: payload type %d has two meanings", pt)
		}
		seen[pt] = true
		return nil
	}
	if len(m.Receive) > media.MaxReceive {
		return fault.New(fault.Invalid, "mixer: %d formats to receive; at most %d can be had", len(m.Receive), media.MaxReceive)
	}
	for _, f := range m.Receive {
		if f.Codec == nil {
			return fault.New(fault.Invalid, "mixer: payload type %d has no codec", f.PayloadType)
		}
		if err := Mixable(f.Codec); err != nil {
			return err
		}
		if err := take(f.PayloadType); err != nil {
			return err
		}
	}
	if len(m.ReceiveEvents) > media.MaxReceiveEvents {
		return fault.New(fault.Invalid, "mixer: %d telephone-event types; at most %d can be had", len(m.ReceiveEvents), media.MaxReceiveEvents)
	}
	for _, ev := range m.ReceiveEvents {
		if ev.ClockRate <= 0 {
			return fault.New(fault.Invalid, "mixer: telephone-event type %d has no clock rate", ev.PayloadType)
		}
		if err := take(ev.PayloadType); err != nil {
			return err
		}
	}
	return nil
}

// validatePassed reports a part that cannot be passed on.
func (m Media) validatePassed() error {
	if len(m.Passed) > media.MaxReceive {
		return fault.New(fault.Invalid, "mixer: %d formats to pass on; at most %d can be had", len(m.Passed), media.MaxReceive)
	}
	for _, f := range m.Passed {
		if f.Codec == nil || f.PayloadType > 127 || f.Codec.Transcodable() {
			return fault.New(fault.Invalid, "mixer: %v is nothing to pass on as payload type %d", f, f.PayloadType)
		}
	}
	return nil
}

// Mixable reports a codec whose PCM no room could take.
func Mixable(c *media.Codec) error {
	if c != nil && c.Transcodable() && rates.Index(c.SampleRate) < 0 {
		return fault.New(fault.Invalid, "mixer: %s has a sample rate of %d Hz", c.Name, c.SampleRate)
	}
	return nil
}
