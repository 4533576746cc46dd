package client

import (
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// answered is what was said to an INVITE.
type answered struct {
	cseq uint32
	text []byte
}

// request answers what the server asks. Calls to us are answered at once; what was
// answered is said again to who asks again.
func (a *Agent) request(m *message.Parsed, from netip.AddrPort) {
	r := message.NewRequest(m, message.Source{})
	switch r.Method() {
	case "ACK":
		return
	case "INVITE":
		a.mu.Lock()
		said := a.incoming[r.CallID()]
		a.mu.Unlock()
		if said.text == nil || said.cseq != r.Seq() {
			said = answered{r.Seq(), a.take(r)}
			a.mu.Lock()
			a.incoming[r.CallID()] = said
			a.mu.Unlock()
		}
		a.sendTo(said.text, from)
	case "BYE":
		a.mu.Lock()
		delete(a.incoming, r.CallID())
		delete(a.calls, r.CallID())
		a.mu.Unlock()
		a.sendTo(a.answer(r, 200, ""), from)
	case "OPTIONS", "CANCEL":
		a.sendTo(a.answer(r, 200, ""), from)
	default:
		a.sendTo(a.answer(r, 501, ""), from)
	}
}

// take answers a call to us.
func (a *Agent) take(r *message.Request) []byte {
	if r.To().Tag() != "" || a.cfg.Answer == nil { // a call changes, or nobody takes calls
		return a.answer(r, 488, "")
	}
	sdp, err := a.cfg.Answer(r.URI().User, string(r.Body()))
	if err != nil {
		a.cfg.Log.Warn("call refused", "call_id", r.CallID(), "err", err)
		return a.answer(r, 488, "")
	}
	return a.answer(r, 200, sdp)
}

// answer is a response to a request, with a description if there is one.
func (a *Agent) answer(r *message.Request, status int, sdp string) []byte {
	to := r.To()
	if to.Tag() == "" {
		to = to.WithTag(message.NewTag())
	}
	m := message.Message{Status: status, Reason: message.ReasonPhrase(status)}
	for _, via := range r.ReturnVias() {
		m.Headers.Add("Via", via)
	}
	for _, route := range r.Headers("Record-Route") {
		m.Headers.Add("Record-Route", route)
	}
	m.Headers.Add("From", r.Header("From"))
	m.Headers.Add("To", to.String())
	m.Headers.Add("Call-ID", r.CallID())
	m.Headers.Add("CSeq", r.Header("CSeq"))
	m.Headers.Add("Contact", a.contact())
	if sdp != "" {
		m.Headers.Add("Content-Type", "application/sdp")
		m.Body = []byte(sdp)
	}
	b, err := m.Encode()
	if err != nil {
		a.cfg.Log.Warn("answer cannot be sent", "call_id", r.CallID(), "err", err)
		return nil
	}
	return b
}
