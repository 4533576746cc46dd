package sip

import (
	"context"
	"net/netip"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/dialogs"
	"github.com/skygenesisenterprise/skybridge/sip/internal/early"
	"github.com/skygenesisenterprise/skybridge/sip/internal/repeat"
	"github.com/skygenesisenterprise/skybridge/sip/internal/serial"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// DialogID is a dialog as RFC 3261 §12 names it, seen from our side.
type DialogID = dialogs.ID

// DialogState is a dialog as a plain value, for a restart or another node.
type DialogState = dialogs.State

// dialogQueue bounds what waits for one dialog's handler.
const dialogQueue = 64

// Dialog is a dialog (RFC 3261 §12): confirmed, or early if IncomingInvite.Early or
// EarlyHandler gave it. Its methods may be called from
// any goroutine, but Bye, ReInvite and Request wait for the peer and so not from
// a DialogHandler.
type Dialog struct {
	s    *Server
	id   DialogID
	run  *serial.Queue
	done chan struct{}

	sending sync.Mutex // keeps our CSeq numbers in the order of the wire

	mu      sync.Mutex
	st      DialogState
	flow    transport.Flow // what the peer's last message came over; nil after Restore
	wallet  compose.Wallet
	handler DialogHandler
	// beginning is what there is until the INVITE is answered, then nil; exchange is whose
	// description is open meanwhile.
	beginning *beginning
	caller    *OutgoingInvite // whose first answer made the dialog; nil for a callee's
	exchange  early.Exchange
	sender    *early.Sender  // our reliable provisional responses; nil before the first
	receiver  early.Receiver // the peer's
	ending    bool           // our BYE is on its way
	ended     bool

	inviteIn *ReInvite          // the peer's, not answered yet
	updateIn *InDialogRequest   // the peer's with an offer, not answered yet
	offerOut *compose.Draft     // our INVITE or UPDATE with an offer, not answered yet
	unacked  repeat.Answers     // our 2xx without an ACK
	acks     map[uint32]*ackOut // our ACKs, by CSeq; nil before the first
	acking   <-chan struct{}    // closed once the last of them was sent; nil before the first
	ackDue   uint32             // CSeq of the 2xx whose ACK waits for Dialog.Ack
}

// ackOut is what acknowledges a 2xx: nothing yet while the answer to an offer in
// the 2xx is awaited.
type ackOut struct {
	raw  []byte
	flow transport.Flow
	auth []message.Header // of the INVITE, which the ACK repeats (RFC 3261 §22.1)
}

func (s *Server) newDialog(st DialogState, f transport.Flow, h DialogHandler) *Dialog {
	d := &Dialog{
		s: s, id: st.ID, st: st, flow: f, handler: h,
		done: make(chan struct{}),
	}
	d.run = serial.New(dialogQueue, s.errands.Spawn, d.panicked)
	if f != nil {
		d.st.Flow = f.Source().Flow
	}
	return d
}

// Restore takes up a dialog from its state, as after a restart. The error is
// fault.Conflict when a dialog of that id is there already.
func (s *Server) Restore(st DialogState, h DialogHandler) (*Dialog, error) {
	f, _ := s.tr.Flow(st.Flow)
	d := s.newDialog(st, f, h)
	d.st.Flow = st.Flow
	if !s.dialogs.PutNew(st.ID, d) {
		return nil, fault.New(fault.Conflict, "sip: dialog %s is there already", st.ID.CallID)
	}
	return d, nil
}

// ID is the dialog's id.
func (d *Dialog) ID() DialogID { return d.id }

// State is a snapshot for storage.
func (d *Dialog) State() DialogState {
	d.mu.Lock()
	defer d.mu.Unlock()
	st := d.st
	st.Route = append([]message.Address(nil), st.Route...)
	return st
}

// Done is closed when the dialog has ended.
func (d *Dialog) Done() <-chan struct{} { return d.done }

// SetRewriteContact sends our requests to where the peer's messages come from
// instead of to its Contact, as peers behind a NAT need.
func (d *Dialog) SetRewriteContact(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.st.RewriteContact = on
}

// SetFlow sends our next requests over that flow: for a peer whose connection
// broke and who has come back over another one. fault.Unreachable says that the
// flow has ended.
func (d *Dialog) SetFlow(id message.FlowID) error {
	f, ok := d.s.tr.Flow(id)
	if !ok {
		return fault.New(fault.Unreachable, "sip: flow %s has ended", id)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh(nil, f)
	return nil
}

// moveFlow is Server.MoveFlow for one dialog.
func (d *Dialog) moveFlow(from message.FlowID, to transport.Flow) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.st.Flow == from {
		d.refresh(nil, to)
	}
}

// refresh takes what a target refresh request or its response changes: the
// peer's Contact and the flow (RFC 3261 §12.2); d.mu is held.
func (d *Dialog) refresh(contacts []message.Address, f transport.Flow) {
	if len(contacts) > 0 && !contacts[0].Wildcard {
		d.st.Target = contacts[0].URI
	}
	if f != nil {
		d.flow = f
		d.st.Flow = f.Source().Flow
	}
}

// finish ends the dialog: once, with OnEnd as the handler's last call.
func (d *Dialog) finish(end End) {
	d.mu.Lock()
	if d.ended {
		d.mu.Unlock()
		return
	}
	d.ended = true
	d.unacked.Stop()
	re, up := d.inviteIn, d.updateIn
	silent := d.beginning != nil && !d.beginning.accepted
	sender, caller := d.sender, d.caller
	d.caller = nil
	d.mu.Unlock()
	if caller != nil {
		caller.retire()
	}
	if sender != nil {
		sender.Stop()
	}
	if re != nil {
		re.giveUp()
	}
	if up != nil {
		d.s.answer(up.tx, Reply{Status: 487})
	}
	d.s.dialogs.Drop(d.id, d)
	if !silent {
		d.run.Last(func() {
			if h := d.theHandler(); h != nil {
				h.OnEnd(end)
				d.setHandler(nil) // what is known of the dialog for half a minute need not hold it
			}
		})
	}
	close(d.done)
}

// theHandler is the handler, nil until OnAnswer has given it. What is posted asks
// for it when it runs, after OnAnswer.
func (d *Dialog) theHandler() DialogHandler {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.handler
}

func (d *Dialog) setHandler(h DialogHandler) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handler = h
}

// peer is where the peer's last message came from.
func (d *Dialog) peer() netip.AddrPort {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.flow == nil {
		return netip.AddrPort{}
	}
	return d.flow.Source().Remote
}

// panicked ends the dialog after its handler panicked.
func (d *Dialog) panicked(r any) {
	err := d.s.errands.Panicked("dialog handler", r)
	d.giveUp(End{Cause: EndPanic, Err: err})
}

// inDialog is whatever takes requests with a To tag of ours: a dialog, or a call
// that is being set up. The methods are called on readers' goroutines and do not
// block, but shutdown, which waits.
type inDialog interface {
	inRequest(*serverTx)
	inAck(*message.Request)
	flowClosed(message.FlowID)
	// shutdown ends it politely and waits for that until ctx is done.
	shutdown(ctx context.Context)
	// abandon ends it without a word.
	abandon()
}
