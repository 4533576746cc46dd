package phones_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// Phones at fixed ports, one that is not there, and a carrier that all may dial by 9.
const (
	onwardPJSIP = `
[party](!)
type = endpoint
context = internal
direct_media = no
allow = !all,ulaw
aors = ana

[1001](party)
[ana]
type = aor
contact = sip:1001@127.0.0.1:%d

[1002](party)
callerid = Desk <1002>
aors = desk
[desk]
type = aor
contact = sip:1002@127.0.0.1:%d

[1003](party)
device_state_busy_at = 1
aors = shop
[shop]
type = aor
contact = sip:1003@127.0.0.1:%d

[1004](party)
aors = away
[away]
type = aor
max_contacts = 1

[carrier](party)
context = nowhere
aors = carrier
[carrier]
type = aor
contact = sip:carrier@127.0.0.1:%d
[carrier]
type = identify
endpoint = carrier
match = 192.0.2.1
`
	onwardPlan = `[internal]
exten => _100X,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => _9.,1,Dial(PJSIP/${EXTEN:1}@carrier,30)
 same => n,Hangup()
`
)

// rest is a server whose calls are made by REST, and where its parties are.
type rest struct {
	*lab
	token                    string
	ana, desk, shop, carrier int
}

func restLab(t *testing.T) *rest {
	t.Helper()
	r := &rest{ana: peer.FreePort(t), desk: peer.FreePort(t), shop: peer.FreePort(t), carrier: peer.FreePort(t)}
	s := server.Start(t, server.Config{Files: map[string]string{
		"pjsip.conf": fmt.Sprintf(onwardPJSIP, r.ana, r.desk, r.shop, r.carrier), "extensions.conf": onwardPlan,
	}})
	r.lab = &lab{Server: s, idle: s.Resources(t)}
	r.token = s.Token(t, "ops", "--role", "admin")
	return r
}

// waits is a SIPp at a port.
func (r *rest) waits(t *testing.T, port int, scenario string, e *ear, replace ...string) *peer.SippPeer {
	t.Helper()
	return peer.Sipp(t, sipp(peer.SippConfig{SIP: port}, scenario, e, append(replace, "PAYLOADS", "0", "RTPMAP", "PCMU/8000")))
}

// takes is a SIPp at a port that takes a call of that number, forwarded for that reason.
func (r *rest) takes(t *testing.T, port int, number, reason string, e *ear) *peer.SippPeer {
	t.Helper()
	return r.waits(t, port, "answer", e, `<recv request="INVITE" rrs="true"/>`, `<recv request="INVITE" rrs="true"><action>`+
		`<ereg regexp="INVITE sip:`+number+`@" search_in="msg" check_it="true" assign_to="1"/>`+
		`<ereg regexp="sip:100[234]@[^;]*;reason=`+reason+`" search_in="hdr" header="Diversion:" check_it="true" assign_to="2"/>`+
		`</action></recv><Reference variables="1,2"/>`)
}

func (r *rest) switches(t *testing.T, extension, services string) {
	t.Helper()
	if status := r.Do(t, r.token, http.MethodPut, "/api/v1/voip/extensions/"+extension+"/services", services, nil); status != http.StatusOK {
		t.Fatalf("services of %s: %d", extension, status)
	}
}

// restCall is a call as the API shows it.
type restCall struct {
	ID, Status   string
	Cause        int
	SIPStatus    int `json:"sip_status"`
	Participants []struct{ Endpoint, State string }
}

func (r *rest) calls(t *testing.T, participants ...string) (c restCall, status int) {
	t.Helper()
	var out json.RawMessage
	status = r.Do(t, r.token, http.MethodPost, "/api/v1/voip/calls", map[string]any{"participants": participants, "call_type": "audio"}, &out)
	if status == http.StatusCreated {
		if err := json.Unmarshal(out, &c); err != nil {
			t.Fatal(err)
		}
	}
	return c, status
}

// sees waits until a call is in a state.
func (r *rest) sees(t *testing.T, id, status string) (c restCall) {
	t.Helper()
	peer.Eventually(t, "the call is "+status, func() error {
		r.Do(t, r.token, http.MethodGet, "/api/v1/voip/calls/"+id, nil, &c)
		if c.Status != status {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	return c
}

func (r *rest) ends(t *testing.T, id string) {
	t.Helper()
	if status := r.Do(t, r.token, http.MethodPost, "/api/v1/voip/calls/"+id+"/end", "{}", nil); status != http.StatusOK {
		t.Fatalf("end: %d", status)
	}
}

// What a phone has switched on counts for calls by REST: they go on through its context, outside
// too, and both parties hear each other.
func TestForwardsOfCallsByREST(t *testing.T) {
	t.Parallel()
	r := restLab(t)
	for _, c := range []struct {
		name, phone, services string
		desk                  string // its scenario; it is not called without
		to                    string // the number that is called then
		reason                string
	}{
		{"all calls, outside", "1002", `{"forward":{"always":"90123"}}`, "", "0123", "unconditional"},
		{"all calls, to a phone", "1002", `{"forward":{"always":"1003"}}`, "", "1003", "unconditional"},
		{"busy", "1002", `{"forward":{"busy":"90123"}}`, "reject", "0123", "user-busy"},
		{"not to be disturbed", "1002", `{"dnd":true,"forward":{"busy":"90123"}}`, "", "0123", "do-not-disturb"},
		{"nobody answers", "1002", `{"forward":{"no_answer":"90123","no_answer_after":3}}`, "ring", "0123", "no-answer"},
		{"not there", "1004", `{"forward":{"no_answer":"90123"}}`, "", "0123", "unavailable"},
		{"by the phone itself", "1002", `{}`, "../services/moved", "0123", "unconditional"},
	} {
		r.run(t, c.name, func(t *testing.T) {
			r.switches(t, c.phone, c.services)
			here, there := listen(t), listen(t)
			ana := r.waits(t, r.ana, "answer", here)
			port := r.carrier
			if c.to == "1003" {
				port = r.shop
			}
			other := r.takes(t, port, c.to, c.reason, there)
			var desk *peer.SippPeer
			if c.desk != "" {
				desk = r.waits(t, r.desk, c.desk, nil, "STATUS", "486", "CONTACTS", "<sip:90123@192.0.2.7>")
			}
			call, status := r.calls(t, "PJSIP/1001", "PJSIP/"+c.phone)
			if status != http.StatusCreated {
				t.Fatalf("%d: %+v", status, call)
			}
			if desk != nil {
				desk.Wait(t)
			}
			r.sees(t, call.ID, "active")
			here.speak(t, 503)
			there.speak(t, 877)
			peer.Hears(t, "who is called", there.recording(), 503, 877)
			peer.Hears(t, "who called", here.recording(), 877, 503)
			r.ends(t, call.ID)
			ana.Wait(t)
			other.Wait(t)
		})
	}
}

// A call that comes to nothing says why, and who hangs up ends it all.
func TestForwardsOfCallsByRESTThatEnd(t *testing.T) {
	r := restLab(t)
	r.run(t, "not to be disturbed", func(t *testing.T) {
		r.switches(t, "1002", `{"dnd":true}`)
		if call, status := r.calls(t, "PJSIP/1002", "PJSIP/1001"); status != http.StatusConflict {
			t.Fatalf("%d: %+v", status, call)
		}
	})
	r.run(t, "the carrier is busy", func(t *testing.T) {
		r.switches(t, "1002", `{"forward":{"always":"90123"}}`)
		ana := r.waits(t, r.ana, "ring", nil) // all of the call's parties are called at once
		carrier := r.waits(t, r.carrier, "reject", nil, "STATUS", "486")
		call, _ := r.calls(t, "PJSIP/1001", "PJSIP/1002")
		carrier.Wait(t)
		if c := r.sees(t, call.ID, "ended"); c.Cause != 17 || c.SIPStatus != 486 {
			t.Errorf("%+v", c)
		}
		ana.Wait(t)
	})
	r.run(t, "given up while the carrier rings", func(t *testing.T) {
		carrier := r.waits(t, r.carrier, "ring", nil)
		ana := r.waits(t, r.ana, "answer", listen(t))
		call, _ := r.calls(t, "PJSIP/1001", "PJSIP/1002")
		r.sees(t, call.ID, "ringing")
		r.channelIs(t, "carrier", "Ringing")
		r.channelIs(t, "1001", "Up")
		r.ends(t, call.ID)
		carrier.Wait(t)
		ana.Wait(t)
	})
	r.run(t, "the phone is not asked where a call is refused", func(t *testing.T) {
		r.switches(t, "1002", `{"forward":{"busy":"90123"}}`)
		ana := r.waits(t, r.ana, "ring", nil)
		desk := r.waits(t, r.desk, "reject", nil, "STATUS", "603")
		call, _ := r.calls(t, "PJSIP/1001", "PJSIP/1002")
		desk.Wait(t)
		if c := r.sees(t, call.ID, "ended"); c.Cause != 21 {
			t.Errorf("%+v", c)
		}
		ana.Wait(t)
	})
}

// A phone that is busy at one call rings for all of a call that names it twice, and not for another, which it forwards
// if that is switched on.
func TestOneCallByRESTCountsOnce(t *testing.T) {
	r := restLab(t)
	r.run(t, "twice", func(t *testing.T) {
		shop := peer.Sipp(t, sipp(peer.SippConfig{SIP: r.shop, Calls: 2}, "answer", listen(t), []string{"PAYLOADS", "0", "RTPMAP", "PCMU/8000"}))
		first, status := r.calls(t, "PJSIP/1003", "SIP/1003")
		if status != http.StatusCreated {
			t.Fatalf("%d: %+v", status, first)
		}
		r.sees(t, first.ID, "active")
		if second, status := r.calls(t, "PJSIP/1003", "PJSIP/1001"); status != http.StatusConflict {
			t.Fatalf("%d: %+v", status, second)
		}
		r.switches(t, "1003", `{"forward":{"busy":"90123"}}`)
		carrier, ana := r.takes(t, r.carrier, "0123", "user-busy", listen(t)), r.waits(t, r.ana, "answer", listen(t))
		third, status := r.calls(t, "PJSIP/1001", "PJSIP/1003")
		if status != http.StatusCreated {
			t.Fatalf("%d: %+v", status, third)
		}
		r.sees(t, third.ID, "active")
		r.ends(t, third.ID)
		carrier.Wait(t)
		ana.Wait(t)
		r.ends(t, first.ID)
		shop.Wait(t)
	})
}
