package sip

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

func with(line string) func(*ua.Outbound) {
	name, value, _ := strings.Cut(line, ": ")
	return func(o *ua.Outbound) { o.Headers = append(o.Headers, message.Header{Name: name, Value: value}) }
}

// earlyRig has a caller 1001 and a phone callee, with options.
func earlyRig(t *testing.T, near, far string) (*rig, *siptest.Phone) {
	t.Helper()
	phone := siptest.NewPhone(t, "callee")
	conf := strings.Replace(phoneEndpoint("callee", phone), "aors", far+"\naors", 1) + strings.Replace(anybody, "allow", near+"\nallow", 1)
	r := newRig(t, conf)
	r.house.Engine.AddTech(r.tech)
	return r, phone
}

// join has the caller hear a called party that has not answered.
func (r *rig) join(ch *signaling.Channel) (result chan dial.Result) {
	b := r.house.Engine.NewBridge(signaling.BridgeConfig{})
	r.t.Cleanup(b.Close)
	result = make(chan dial.Result, 1)
	joined := false
	go func() { // ended by the answer
		result <- dial.Do(siptest.Ctx(r.t), r.house.Engine, dial.Plan{
			Targets: []dialstring.Target{{Tech: "PJSIP", Resource: "callee"}}, From: ch, Timeout: siptest.Patience,
			Notify: func(c *signaling.Channel, s signaling.ChannelSnapshot) {
				if !s.Media || joined {
					return
				}
				joined = true
				if err := ch.Progress(siptest.Ctx(r.t)); err != nil {
					r.t.Error(err)
				}
				for _, m := range []*signaling.Channel{ch, c} {
					if err := b.Add(siptest.Ctx(r.t), m); err != nil {
						r.t.Error(err)
					}
				}
			},
		})
	}()
	return result
}

// TestEarlyMedia: before the answer both hear each other, with every leg reliable, or one,
// or none, and with a caller who leaves the offer to us. After it they still do.
func TestEarlyMedia(t *testing.T) {
	for _, c := range []struct {
		name, near, far string
		line            string // of the caller's INVITE
		reliable        bool   // the called phone's responses
		late            bool
	}{
		{name: "reliable on both sides", near: "100rel = peer_supported", far: "100rel = yes", line: "Supported: 100rel", reliable: true},
		{name: "required", near: "100rel = required", far: "100rel = required", line: "Require: 100rel", reliable: true},
		{name: "unreliable", near: "100rel = no", far: "100rel = no", line: "Supported: 100rel"},
		{name: "late offer", near: "100rel = yes", far: "100rel = yes", line: "Require: 100rel", reliable: true, late: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, phone := earlyRig(t, c.near, c.far)
			near, far := r.mouth(0x2a), r.mouth(0x55)
			var caller *lateCaller
			var leg *siptest.Leg
			if c.late {
				caller = r.lateCaller(near, c.line)
			} else {
				o := near.content(r)
				leg = r.call(r.phone("1001"), "600", with(c.line), func(out *ua.Outbound) { out.Body = o.Body })
			}
			ch := siptest.Wait(t, r.calls)
			result := r.join(ch)
			in := siptest.Wait(t, phone.Invites)
			if got := in.Request().HasToken("Require", "100rel"); got != (c.far == "100rel = required") {
				t.Errorf("INVITE requires it: %v", got)
			}
			in.SetReliable(c.reliable)
			if in.Reliable() != c.reliable {
				t.Error("the INVITE does not let us be reliable")
			}
			far.toward(in.Request().Body())
			if err := in.Progress(far.reply(r, 183)); err != nil {
				t.Fatal(err)
			}
			if c.late {
				caller.early()
			} else {
				resp := siptest.Wait(t, leg.Provisional)
				for len(resp.Body()) == 0 {
					resp = siptest.Wait(t, leg.Provisional)
				}
				if resp.HasToken("Require", "100rel") == (c.near == "100rel = no") {
					t.Errorf("%d requires %q", resp.Status(), resp.Headers("Require"))
				}
				near.toward(resp.Body())
			}
			converse(near, far)
			final := ua.Reply{}
			if !c.reliable {
				final = far.reply(r, 200)
			}
			if _, err := in.Accept(final, siptest.NewLeg(t)); err != nil {
				t.Fatal(err)
			}
			if got := siptest.Wait(t, result); got.Channel == nil {
				t.Fatalf("%+v", got)
			}
			if err := ch.Answer(siptest.Ctx(t)); err != nil {
				t.Fatal(err)
			}
			if c.late {
				caller.answered()
			} else if resp := leg.Answered(); (len(resp.Body()) == 0) != c.reliable {
				t.Errorf("the 2xx says %q", resp.Body())
			}
			converse(near, far)
			if c.late {
				caller.call.Send("BYE", "")
				caller.call.Peer.Skip("SIP/2.0 200")
			}
		})
	}
}

// lateCaller calls without an offer.
type lateCaller struct {
	r    *rig
	m    *mouth
	call *siptest.Call
}

func (r *rig) lateCaller(m *mouth, line string) *lateCaller {
	p := siptest.UDP(r.t, r.server.Addr("udp"))
	call := p.NewCall(r.to("600").String())
	call.From = "<sip:1001@127.0.0.1>"
	call.Send("INVITE", "", line)
	return &lateCaller{r, m, call}
}

// early takes the offer in a reliable response and answers in the PRACK.
func (c *lateCaller) early() {
	c.r.t.Helper()
	m := c.call.Peer.Skip("SIP/2.0 183")
	c.m.toward([]byte(m.Body))
	c.call.Take(m)
	c.call.Send("PRACK", string(c.m.content(c.r).Body), "RAck: "+m.Header("RSeq")+" 1 INVITE")
	c.call.Peer.Skip("SIP/2.0 200")
}

func (c *lateCaller) answered() {
	c.r.t.Helper()
	m := c.call.Peer.Skip("SIP/2.0 200")
	if m.Header("CSeq") != "1 INVITE" || m.Body != "" {
		c.r.t.Errorf("answer\n%s", m.Text)
	}
	ack := *c.call
	ack.Seq = 1
	ack.Ack("")
}

// TestReliableOption: what 100rel of an endpoint refuses.
func TestReliableOption(t *testing.T) {
	for _, c := range []struct {
		option, line string
		status       int
		name, value  string
	}{
		{"no", "Require: 100rel", 420, "Unsupported", "100rel"},
		{"required", "Supported: timer", 421, "Require", "100rel"},
	} {
		r, _ := earlyRig(t, "100rel = "+c.option, "")
		f := siptest.Wait(t, r.call(r.phone("1001"), "600", with(c.line)).Failed)
		if f.Response == nil || f.Response.Status() != c.status || f.Response.Header(c.name) != c.value {
			t.Errorf("100rel = %s, %s: %v", c.option, c.line, f.Err)
		}
	}
}

// sync waits until a leg has done what it was given.
func (r *rig) sync(l *leg) {
	r.t.Helper()
	done := make(chan struct{})
	if !l.post(func() { close(done) }) {
		r.t.Fatal("the leg has ended")
	}
	siptest.Wait(r.t, done)
}

// TestBranchesOfACall: media follows the branch that described its own last, an UPDATE in
// one of them is taken, and the 2xx of another takes that one's answer.
func TestBranchesOfACall(t *testing.T) {
	p := siptest.UDP(t, netip.AddrPort{})
	contact := "Contact: <sip:callee@" + p.Local().String() + ">"
	conf := strings.Replace("[callee]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = callee\n[callee]\ntype = aor\ncontact = sip:callee@%\n", "%", p.Local().String(), 1)
	r := newRig(t, conf)
	l, told := r.dial("callee")
	inv := p.Want("INVITE ")
	if !strings.Contains(strings.Join(inv.Headers("Supported"), ","), "100rel") {
		t.Errorf("supported %q", inv.Headers("Supported"))
	}
	at := map[string]*mouth{"a": r.mouth(1), "b": r.mouth(2), "c": r.mouth(3)}
	remote := func(tag string) string { return at[tag].conn.LocalAddr().String() }
	rings := func(tag string) {
		t.Helper()
		p.Send(p.Response(inv, 183, tag, []string{contact, "Content-Type: application/sdp", "Require: 100rel", "RSeq: 1"}, string(at[tag].content(r).Body)))
		m := p.Skip("PRACK ")
		for m.Tag("To") != tag { // what is repeated on a loaded machine
			m = p.Skip("PRACK ")
		}
		p.Send(p.Response(m, 200, "", nil, ""))
	}
	rings("a")
	told.want(t, "progress")
	rings("b")
	told.want(t, "media")
	if got := l.Info().Remote; got != remote("b") {
		t.Errorf("media goes to %s, not to b", got)
	}
	// a moves: it is heard again, at its new place.
	moved := r.mouth(4)
	up := p.NewCall(inv.URI("Contact"))
	up.From, up.FromTag, up.To, up.ToTag, up.ID = "<"+inv.URI("To")+">", "a", "<"+inv.URI("From")+">", inv.Tag("From"), inv.Header("Call-ID")
	up.Send("UPDATE", string(moved.content(r).Body))
	if m := p.Skip("SIP/2.0 200"); m.Body == "" {
		t.Errorf("got\n%s", m.Text)
	}
	told.want(t, "media")
	if got := l.Info().Remote; got != moved.conn.LocalAddr().String() {
		t.Errorf("media goes to %s, not to where a is now", got)
	}
	// What it offers then is refused, so that its 2xx below is about what was agreed before.
	up.Send("UPDATE", string(r.offer(18, "G729", "sendrecv").Body))
	p.Skip("SIP/2.0 488")
	stays := func(after string) {
		t.Helper()
		r.sync(l)
		if got := l.Info().Remote; got != moved.conn.LocalAddr().String() {
			t.Errorf("%s: media goes to %s, not to where a is", after, got)
		}
	}
	stays("its own offer was refused")
	// Nor is b heard in its place, as nothing comes of what it offers.
	other := *up
	other.FromTag = "b"
	other.Send("UPDATE", string(r.offer(18, "G729", "sendrecv").Body))
	p.Skip("SIP/2.0 488")
	stays("b's offer was refused")
	// It moves once more: the INVITE's offer is open all the same.
	moved = r.mouth(5)
	up.Send("UPDATE", string(moved.content(r).Body))
	p.Skip("SIP/2.0 200")
	told.want(t, "media")
	stays("it has moved again")
	rings("c")
	told.want(t, "media")
	p.Send(p.Response(inv, 199, "c", []string{contact}, ""))
	told.want(t, "media")
	if got := l.Info().Remote; got != remote("b") {
		t.Errorf("media goes to %s, not to b", got)
	}
	// The 2xx of a has no description: it was said early.
	p.Send(p.Response(inv, 200, "a", []string{contact}, ""))
	told.want(t, "answered")
	if got := l.Info().Remote; got != moved.conn.LocalAddr().String() {
		t.Errorf("media goes to %s, not to a", got)
	}
	p.Skip("ACK ")
	l.Hangup(signaling.CauseNormal)
	bye := p.Skip("BYE ")
	p.Send(p.Response(bye, 200, "", nil, ""))
	told.want(t, "ended 16 false")
}
