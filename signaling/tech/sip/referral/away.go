package referral

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// awayTimeout bounds how long a party may tell of the call that we have asked it to make.
const awayTimeout = 3 * time.Minute

// Away is a party that is asked by REFER (RFC 3515) to call somebody else. Its zero value
// has been asked nothing.
type Away struct {
	mu    sync.Mutex
	final chan int // the last status that the party tells; nil while nothing is asked
}

// Refer asks the party and waits until it has told how its call went. It gives that status,
// or the one that it refuses with, and an error only where there is none: of kind
// fault.Conflict while it is asked already, fault.Timeout, fault.Gone.
func (a *Away) Refer(ctx context.Context, d *ua.Dialog, to message.URI, by message.Address) (status int, err error) {
	final, err := a.ask()
	if err != nil {
		return 0, err
	}
	defer a.asked()
	ctx, cancel := context.WithTimeoutCause(ctx, awayTimeout, fault.New(fault.Timeout, "the party has not told how its call went"))
	defer cancel()
	resp, err := d.Request(ctx, "REFER", ua.Content{},
		message.Header{Name: "Refer-To", Value: refer.Target(to, nil)},
		message.Header{Name: "Referred-By", Value: message.Address{URI: by.URI}.String()})
	switch {
	case resp == nil && context.Cause(ctx) != nil:
		return 0, context.Cause(ctx)
	case resp == nil:
		return 0, err
	case resp.Status() >= 300:
		return resp.Status(), nil
	case strings.EqualFold(strings.TrimSpace(resp.Header("Refer-Sub")), "false"): // RFC 4488
		return 200, nil
	}
	select {
	case status = <-final:
		return status, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

func (a *Away) ask() (<-chan int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.final != nil {
		return nil, fault.New(fault.Conflict, "the party is asked to call somebody else already")
	}
	a.final = make(chan int, 1)
	return a.final, nil
}

func (a *Away) asked() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.final = nil
}

// Notified answers a NOTIFY about what the party was asked, and reports whether it was one.
// A subscription that ends without a last word tells nothing against the call, which the
// party has agreed to make.
func (a *Away) Notified(in *ua.InDialogRequest) bool {
	req := in.Request()
	event, _, _ := strings.Cut(req.Header("Event"), ";")
	if !strings.EqualFold(strings.TrimSpace(event), "refer") {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	reply := ua.Reply{}
	state, _, _ := strings.Cut(req.Header("Subscription-State"), ";")
	over := strings.EqualFold(strings.TrimSpace(state), "terminated")
	status, err := 0, error(nil)
	if len(req.Body()) > 0 {
		status, err = refer.Status(req.Body())
	}
	switch {
	case a.final == nil:
		reply.Status = 481
	case err != nil || status > 0 && !refer.IsFragment(req.ContentType()):
		reply.Status = 400
	case status < 200 && over:
		status = 200
	}
	if reply.Status == 0 && status >= 200 {
		select {
		case a.final <- status:
		default: // told already
		}
	}
	_ = in.Respond(reply) // the party repeats what it hears no answer to
	return true
}

// Target is the URI that a plan names: a URI, an endpoint, user@host, or an extension here.
// own is how the party knows us. It fails with fault.Invalid, or fault.Unreachable for an
// endpoint without a contact.
func Target(to string, own message.URI, d *directory.Directory, bindings func(aor string) []registrar.Binding) (message.URI, error) {
	to = strings.TrimSpace(to)
	if e := d.Endpoint(to); e != nil {
		for _, aor := range e.AORs {
			for _, b := range bindings(aor) {
				return b.Contact.URI, nil
			}
		}
		return message.URI{}, fault.New(fault.Unreachable, "endpoint %q has no contact", to)
	}
	text := to
	switch scheme, _, _ := strings.Cut(strings.ToLower(to), ":"); {
	case scheme == "sip" || scheme == "sips" || scheme == "tel":
	case strings.Contains(to, "@"):
		text = "sip:" + to
	default:
		here := message.URI{Scheme: own.Scheme, Host: own.Host, Port: own.Port}
		here.User = "x"
		text = strings.Replace(here.String(), "x@", to+"@", 1)
	}
	u, err := message.ParseURI(text)
	if err != nil || u.Scheme != "tel" && (u.User == "" && u.Host == "" || strings.ContainsAny(to, "<>\r\n")) {
		return message.URI{}, fault.New(fault.Invalid, "%.100q is nothing to call", to)
	}
	u.Headers = nil
	return u, nil
}
