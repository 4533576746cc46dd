package registrar

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip/gruu"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// FlowTimer is how often phones with flows of their own (RFC 5626) are asked to say that
// they are there.
const FlowTimer = 2 * time.Minute

// maxLost bounds the ended flows that are remembered.
const maxLost = 4096

// extensions are the option tags that a REGISTER may require; path belongs to them where
// the AOR keeps it.
var extensions = []string{"outbound", "gruu"}

// required refuses what a REGISTER requires and this AOR does not give (RFC 3261
// §8.2.2.3).
func required(req *message.Request, aor *AOR) *refusal {
	for _, tag := range req.Tokens("Require") {
		tag = strings.ToLower(tag)
		if !slices.Contains(extensions, tag) && !(tag == "path" && aor.SupportPath) {
			return &refusal{420, "", []message.Header{{Name: "Unsupported", Value: tag}}}
		}
	}
	return nil
}

// readOutbound finds whether the phone makes flows of its own (RFC 5626 §6): its contact
// has a reg-id and an instance, and it says that it knows what they are for. Through a
// proxy that keeps no flow for it, it does not.
func (reg *registration) readOutbound(req *message.Request) *refusal {
	if !slices.ContainsFunc(reg.contacts, func(w wanted) bool { return w.regID != 0 }) {
		return nil
	}
	live := 0
	for _, w := range reg.contacts {
		if w.expires > 0 {
			live++
		}
	}
	if live > 1 {
		return refuse(400, "One Contact With reg-id")
	}
	if !supports(req, "outbound") {
		return nil
	}
	if proxied(req) && !edgeKeepsFlows(req) {
		return refuse(439, "First Hop Lacks Outbound Support")
	}
	reg.outbound = true
	return nil
}

// proxied reports whether a request came through another server.
func proxied(req *message.Request) bool {
	lines := req.Headers("Via")
	return len(lines) > 1 || len(lines) == 1 && strings.Contains(lines[0], ",")
}

// edgeKeepsFlows reports whether the phone's first hop, the last of the Path, said that it
// keeps the phone's flow.
func edgeKeepsFlows(req *message.Request) bool {
	lines := req.Headers("Path")
	if len(lines) == 0 {
		return false
	}
	as, err := message.ParseAddressList(lines[len(lines)-1])
	return err == nil && len(as) > 0 && as[len(as)-1].URI.Params.Has("ob")
}

// outboundHeaders are what the 200 to a phone with flows of its own says.
func (reg *registration) outboundHeaders() []message.Header {
	if !reg.outbound {
		return nil
	}
	out := []message.Header{{Name: "Require", Value: "outbound"}}
	if len(reg.path) == 0 { // we are its first hop (§5.4)
		out = append(out, message.Header{Name: "Flow-Timer", Value: strconv.Itoa(int(FlowTimer / time.Second))})
	}
	return out
}

// withGRUU is a contact as it is told to a phone that wants GRUUs (RFC 5627 §5.3).
func (reg *registration) withGRUU(m *gruu.Maker, c message.Address, b *Binding) message.Address {
	if m == nil || !reg.gruu || b.Instance == "" || b.Static {
		return c
	}
	c.Params = c.Params.With("pub-gruu", gruu.Public(reg.aor, b.Instance).String())
	if u := m.Temporary(reg.aor, b.Instance, b.CallID); !u.IsZero() {
		c.Params = c.Params.With("temp-gruu", u.String())
	}
	return c
}

// Instance is the binding that a GRUU leads to: of the phone's flows the one that it made
// last. There is none when the phone is not registered any more, or, for a temporary one,
// has registered anew since.
func (r *Registrar) Instance(ref gruu.Ref) (found Binding, ok bool) {
	for _, b := range r.Lookup(ref.AOR) {
		if b.Static || b.Instance != ref.Instance || ref.CallID != "" && b.CallID != ref.CallID {
			continue
		}
		if !ok || b.Updated.After(found.Updated) {
			found, ok = b, true
		}
	}
	return found, ok
}

// lostKey names a binding that its connection took with it.
type lostKey struct{ aor, key string }

// lose remembers the flow of a binding that is removed because it ended, so that the
// phone's calls can follow it to the next one.
func (r *Registrar) lose(b *Binding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.lost {
		if len(r.lost) < maxLost {
			break
		}
		delete(r.lost, k)
	}
	r.lost[lostKey{b.AOR, b.Key}] = b.Flow
}

// found is the flow that a binding had when it was lost, once.
func (r *Registrar) found(b *Binding) message.FlowID {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := lostKey{b.AOR, b.Key}
	was := r.lost[k]
	delete(r.lost, k)
	return was
}

// keepAliveParts is how many rounds a keep-alive is spread over.
const keepAliveParts = 16

// keepAlive has the translators of addresses before phones that registered over UDP stay
// open: in each round those of one part.
func (r *Registrar) keepAlive() {
	defer r.wg.Done()
	tick := time.NewTicker(max(r.cfg.KeepAlive/keepAliveParts, time.Millisecond))
	defer tick.Stop()
	for round := 0; ; round++ {
		select {
		case <-r.quit:
			return
		case <-tick.C:
		}
		guard.Do(r.log, "keep-alive", func() { r.keepPartAlive(round % keepAliveParts) })
	}
}

func (r *Registrar) keepPartAlive(part int) {
	now := time.Now()
	for _, e := range *r.entries.Load() {
		for _, b := range e.load() {
			behind := b.Network == "udp" && len(b.Path) == 0 && !b.Target.Equal(b.Contact.URI)
			if behind && b.Alive(now) && int(b.Source.Port())%keepAliveParts == part {
				r.cfg.Ping(b.Flow)
			}
		}
	}
}
