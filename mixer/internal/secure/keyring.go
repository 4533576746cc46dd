// Package secure protects and opens a port's packets (SRTP) at its worker. The control
// side makes contexts of the keys that were negotiated (Keyring), the worker uses them
// (Guard).
//
// It does no I/O and starts no goroutine. A Guard allocates nothing.
package secure

import "github.com/skygenesisenterprise/skybridge/media/srtp"

// Contexts are a port's, one of each direction; none of both for RTP in the clear, or as
// long as keys are Pending, when nothing passes.
type Contexts struct {
	Send    *srtp.Sender
	Receive *srtp.Receiver
	Pending bool
	// Anew says that they are of another session than those before them: rollover
	// counters begin at 0 with keys that are new.
	Anew bool
}

// Keyring has the contexts of a port, for the control side. It never looks into them:
// that is for the worker. The last two of each direction are kept, so that keys which
// stay, or come back when an answer is taken back, go on with their rollover counters:
// begun anew, they would protect other packets with the same key stream.
type Keyring struct {
	// Part is what the contexts are for, before the first.
	Part srtp.Part
	// Guard is the worker's, from the first contexts on.
	Guard   Guard
	send    [2]held[*srtp.Sender]
	receive [2]held[*srtp.Receiver]
}

type held[T any] struct {
	key     srtp.Master
	context T
}

// For makes the contexts of a port's keys, or finds those it has. The error is of kind
// fault.Invalid.
func (k *Keyring) For(m srtp.Masters) (Contexts, error) {
	send, err := find(&k.send, m.Send, k.Part, srtp.NewSender)
	if err != nil {
		return Contexts{}, err
	}
	receive, err := find(&k.receive, m.Receive, k.Part, srtp.NewReceiver)
	return Contexts{Send: send, Receive: receive}, err
}

// find is the context of a key, at the front from now on.
func find[T any](all *[2]held[T], key srtp.Master, part srtp.Part, begin func(srtp.Master, srtp.State, srtp.Part) (T, error)) (T, error) {
	switch {
	case all[0].key == key:
	case all[1].key == key:
		all[0], all[1] = all[1], all[0]
	default:
		c, err := begin(key, srtp.State{}, part)
		if err != nil {
			return c, err
		}
		all[0], all[1] = held[T]{key, c}, all[0]
	}
	return all[0].context, nil
}
