// Package transfers is what a transfer by REST asks for, and what is told of it. Who moves
// where is the calls' part, in the package above.
//
// It starts no goroutine.
package transfers

import (
	"strings"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
)

// TransferCall is the body of POST /calls/{id}/transfer; one of the two is there.
type TransferCall struct {
	To     string `json:"to,omitempty" maxLength:"256" doc:"Who takes your place, as in participants: they are rung, and your part ends at once"`
	CallID string `json:"call_id,omitempty" maxLength:"64" doc:"Another call of yours: its other party and that of this call talk to each other, and your part in both ends"`
}

// Moved is the message type that tells a user in which call they are now: {call_id}.
const Moved = "transfer"

// Check reads whom a transfer is to: an endpoint, or another call than the one with the id.
func (b TransferCall) Check(call string) (to dialstring.Target, err error) {
	switch {
	case (b.To == "") == (b.CallID == ""):
		return to, rest.InField("body", fault.New(fault.Invalid, "one of to and call_id"))
	case b.To != "":
		if to, err = dialstring.Parse(b.To); err != nil {
			return to, rest.InField("body.to", err)
		}
		return to, nil
	case strings.EqualFold(b.CallID, call):
		return to, rest.InField("body.call_id", fault.New(fault.Invalid, "a call cannot be transferred to itself"))
	}
	if _, err := uuid.Parse(b.CallID); err != nil {
		return to, rest.InField("body.call_id", fault.New(fault.NotFound, "no call %q", b.CallID))
	}
	return to, nil
}

// TellBlind publishes a transfer to an endpoint; others is who stays.
func TellBlind(e *signaling.Engine, b *signaling.Bridge, by, other *signaling.Channel, to string) {
	data := transfer.BlindEvent{Transferer: by.Snapshot(), Bridge: b.Snapshot(), Exten: to, Result: transfer.Success}
	if other != nil {
		data.Transferee = other.Snapshot()
	}
	tell(e, event.BridgeBlindTransfer, by, b, data)
}

// Attended is a transfer to another call.
type Attended struct {
	First, Second *signaling.Channel // of who transfers
	From, To      *signaling.Bridge  // of the party that moves
	Moves, Meets  *signaling.Channel // Meets is nil where it is not settled yet
}

// TellAttended publishes it.
func TellAttended(e *signaling.Engine, t Attended) {
	data := transfer.AttendedEvent{
		First: t.First.Snapshot(), Second: t.Second.Snapshot(), FirstBridge: t.From.Snapshot(), SecondBridge: t.To.Snapshot(),
		Transferee: t.Moves.Snapshot(), Destination: transfer.ToBridge, Bridge: t.To.ID(), Result: transfer.Success,
	}
	if t.Meets != nil {
		data.Target = t.Meets.Snapshot()
	}
	tell(e, event.BridgeAttendedTransfer, t.First, t.From, data)
}

func tell(e *signaling.Engine, t event.Type, c *signaling.Channel, b *signaling.Bridge, data any) {
	e.Bus().Publish(event.Event{Type: t, Channel: string(c.ID()), Bridge: string(b.ID()), Data: data})
}
