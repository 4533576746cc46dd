package phones_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// Local dials extensions as parties: 700 a phone beside one that is not there, 701 itself.
const localPlan = `exten => _100X,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => 700,1,Dial(PJSIP/1006&Local/1002@internal/n,30)
 same => n,Hangup()
exten => 701,1,Dial(Local/701@internal,30)
 same => n,Hangup()
exten => 702,1,Dial(Local/none@internal,30)
 same => n,Hangup()

[closed]
exten => 800,1,Dial(PJSIP/1002,30)
 same => n,Hangup()
`

// An extension is called as a party is: by the plan, as Asterisk's files have it, and over the API, where a
// user may call what their own phone could.
func TestExtensionsAsParties(t *testing.T) {
	t.Parallel()
	l := open(t, localPlan)
	callee := l.phone(t, "1002", peer.BaresipConfig{Tone: 877, Answer: true})
	caller := l.phone(t, "1003", peer.BaresipConfig{Tone: 503, Answer: true})
	talk := func(t *testing.T) {
		t.Helper()
		peer.Hears(t, "who is called", callee.Recording(), 503, 877)
		peer.Hears(t, "who calls", caller.Recording(), 877, 503)
	}
	l.idle = l.Resources(t)
	l.run(t, "plan", func(t *testing.T) {
		caller.Dial(t, "700")
		caller.Established(t)
		talk(t)
		caller.Hangup(t)
		caller.Closed(t)
		callee.Closed(t)
	})
	l.run(t, "itself", func(t *testing.T) { l.refused(t, "701", 483) })
	l.run(t, "none", func(t *testing.T) { l.refused(t, "702", 404) })
	user, admin := l.Token(t, "ana", "--extension", "1003"), l.Token(t, "root", "--role", "admin", "--extension", "1003")
	call := func(t *testing.T, token, to string) (status int, id, code string) {
		t.Helper()
		var out struct{ ID, Code string }
		status = l.Do(t, token, "POST", "/api/v1/voip/calls", map[string]any{"participants": []string{to}, "call_type": "audio"}, &out)
		return status, out.ID, out.Code
	}
	for name, ca := range map[string]struct{ token, to string }{
		"by a user":   {user, "Local/1002@internal"},
		"by an admin": {admin, "Local/800@closed"},
	} {
		l.run(t, "API/"+name, func(t *testing.T) {
			status, id, code := call(t, ca.token, ca.to)
			if status != 201 {
				t.Fatal(status, code)
			}
			caller.Established(t)
			talk(t)
			if status := l.Do(t, ca.token, "POST", "/api/v1/voip/calls/"+id+"/end", nil, nil); status != 200 {
				t.Error(status)
			}
			callee.Closed(t)
			caller.Closed(t)
		})
	}
	for to, want := range map[string]struct {
		token  string
		status int
		code   string
	}{
		"Local/800@closed":  {user, 403, "forbidden"},
		"Local/1002":        {user, 403, "forbidden"},
		"Local/801@closed":  {admin, 404, "not_found"},
		"Local/none@nobody": {admin, 404, "not_found"},
	} {
		if status, _, code := call(t, want.token, to); status != want.status || code != want.code {
			t.Errorf("%s: %d %s, want %d %s", to, status, code, want.status, want.code)
		}
	}
}
