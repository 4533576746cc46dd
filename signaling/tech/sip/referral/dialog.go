package referral

import (
	"context"

	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
)

// In sends NOTIFYs in a dialog.
func In(d *ua.Dialog) Send {
	return func(ctx context.Context, body []byte, hs ...message.Header) error {
		_, err := d.Request(ctx, "NOTIFY", ua.Content{Type: refer.FragmentType, Body: body}, hs...)
		return err
	}
}

// Subscribe accepts a REFER outside of a dialog, and sends the NOTIFYs of p in the one that it
// makes, which ends with p. Without p there is no subscription, and so no dialog (RFC 4488 §4).
func Subscribe(in *ua.IncomingRequest, reply ua.Reply, p *Progress) (Send, error) {
	if p == nil {
		return nil, in.Respond(reply)
	}
	d, err := in.Accept(reply, subscriber{})
	if err != nil {
		return nil, err
	}
	// However p ends; this sends no BYE, but only it forgets the dialog, and waits for nobody.
	context.AfterFunc(p.live, func() { _ = d.Bye(context.Background()) })
	return In(d), nil
}

// subscriber is a dialog that is there for its NOTIFYs.
type subscriber struct{}

func (subscriber) OnAck(*message.Request) {}

func (subscriber) OnReInvite(re *ua.ReInvite) { _ = re.Reject(ua.Reply{Status: 488}) } // whoever asks sees it

func (subscriber) OnRequest(r *ua.InDialogRequest) { _ = r.Respond(ua.Reply{Status: 501}) } // likewise

func (subscriber) OnEnd(ua.End) {}
