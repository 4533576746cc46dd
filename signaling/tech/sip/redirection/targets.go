package redirection

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// MaxTargets bounds how many addresses one call tries because of a trunk's 3xx.
const MaxTargets = 10

// patience is how long an address may say nothing while others wait.
const patience = 6 * time.Second

// Targets are the addresses that a call to a trunk has still to try, as its 3xx named them.
// The zero value has none.
type Targets struct {
	asked   message.URI // the last that was
	waiting []message.URI
	seen    []string // every one that there was
}

// Asked notes the address that the call is sent to now.
func (t *Targets) Asked(u message.URI) { t.asked = u }

// After is the address to try after a failure, whose response is nil where none came: what a
// 3xx names, where the trunk's settings have it followed, and then what waits from those
// before. A refusal by whoever is called, wherever that is (6xx), is the end.
func (t *Targets) After(d *directory.Directory, e *directory.Endpoint, resp *message.Response, log *slog.Logger) (message.URI, bool) {
	switch {
	case resp == nil:
	case resp.Status() >= 600:
		t.waiting = nil
	case resp.Status() >= 300 && resp.Status() < 400 && e.Policy.Redirects.Follow:
		contacts, err := resp.Contacts()
		own := func(host string) bool { return d.HasHost(e, host) || e.Policy.Redirects.Allows(host) }
		if foreign := t.Add(t.asked, contacts, own); foreign > 0 || err != nil {
			log.Info("redirection not followed to where the trunk is not known to be", "trunk", e.Name, "contacts", foreign, "err", err)
		}
	}
	return t.Next()
}

// Aim has a call to the trunk go to one of its addresses: To stays as it was (RFC 3261
// §8.1.3.4).
func (t *Targets) Aim(out *ua.Outbound, to message.URI) {
	if to.Host != out.Target.Host || to.Port != out.Target.Port {
		out.Flow = "" // which leads to the other
	}
	out.Target = to
	if len(t.waiting) > 0 {
		out.Patience = patience
	}
}

// Add takes up what a 3xx to the request for a URI names, before what waits already: whoever
// sent it answers for the target that was tried. own says which hosts are the trunk's;
// others are passed over, a number without a host (tel) is the trunk's. It gives how many
// were passed over.
func (t *Targets) Add(asked message.URI, contacts []message.Address, own func(host string) bool) (foreign int) {
	t.seen = append(t.seen, asked.String())
	var add []message.URI
	for _, u := range Contacts(contacts) {
		target, ok := target(asked, &u, own)
		if !ok {
			foreign++
			continue
		}
		text := target.String()
		if slices.Contains(t.seen, text) || len(t.seen) > MaxTargets {
			continue // it was there before: a circle
		}
		t.seen = append(t.seen, text)
		add = append(add, target)
	}
	t.waiting = append(add, t.waiting...)
	return foreign
}

// Next is the address to try now.
func (t *Targets) Next() (u message.URI, ok bool) {
	if len(t.waiting) == 0 {
		return u, false
	}
	u, t.waiting = t.waiting[0], t.waiting[1:]
	return u, true
}

// target is a contact as a Request-URI: the number, what belongs to it (routing numbers, RFC
// 4694), the host and how to reach it. Headers and a password are nobody's to put into a
// request of ours, and a way that is less safe than the one that was asked is none.
func target(asked message.URI, u *message.URI, own func(host string) bool) (message.URI, bool) {
	out := message.URI{Scheme: u.Scheme, User: u.User, Host: u.Host, Port: u.Port}
	if u.Scheme == "tel" {
		out = message.URI{Scheme: asked.Scheme, User: number(u), Host: asked.Host, Port: asked.Port, Params: asked.Params}
		return out, out.User != ""
	}
	network := strings.ToLower(u.Params.Value("transport"))
	if secure(&asked) && network == "" {
		network = "tls"
	}
	if !routable(u.User) || !own(u.Host) || secure(&asked) && u.Scheme != "sips" && network != "tls" {
		return message.URI{}, false
	}
	switch network {
	case "udp", "tcp", "tls":
		out.Params = out.Params.With("transport", network)
	}
	if u.Params.Value("user") == "phone" {
		out.Params = out.Params.With("user", "phone")
	}
	return out, true
}

func secure(u *message.URI) bool {
	return u.Scheme == "sips" || strings.EqualFold(u.Params.Value("transport"), "tls")
}

// routable reports whether a user part is a number or a name, with parameters or without.
func routable(user string) bool {
	return user != "" && len(user) <= 128 &&
		strings.Trim(strings.ToLower(user), "0123456789abcdefghijklmnopqrstuvwxyz*#+-_.;=") == ""
}
