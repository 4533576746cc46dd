package monitoring_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

type call struct {
	ID, Status, Direction string
	CreatedBy             string `json:"created_by"`
	Cause                 int
	Participants          []struct {
		Endpoint, Role, State string
		UserID                *string `json:"user_id"`
	}
	Metadata map[string]any
}

// A phone calls a phone by the dialplan: administrators and the users of both phones see the call,
// and its record once it has ended; nobody else does. A call of the API's to a phone is there once.
func TestCallsOfPhones(t *testing.T) {
	s := server.Start(t, server.Config{Dev: true})
	admin := s.Token(t, "boss", "--role", "admin")
	for user, extension := range map[string]string{"alice": "1001", "bob": "1002", "carol": "1003"} {
		if status := s.Do(t, admin, "POST", voip+"/users", map[string]any{"id": user, "extension": extension, "roles": []string{"user"}}, nil); status != http.StatusCreated {
			t.Fatalf("%s: %d", user, status)
		}
	}
	tokens := map[string]string{"boss": admin, "alice": s.Token(t, "alice"), "bob": s.Token(t, "bob"), "carol": s.Token(t, "carol")}
	list := func(user, query string) []call {
		t.Helper()
		var out struct{ Items []call }
		if status := s.Do(t, tokens[user], "GET", voip+"/calls"+query, nil, &out); status != http.StatusOK {
			t.Fatalf("%s: %d", user, status)
		}
		return out.Items
	}
	answers := func(number string) *peer.BaresipPeer {
		p := peer.Baresip(t, peer.BaresipConfig{
			User: number, Password: s.Password(t, number), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true, Answer: true,
			Codecs: []string{"PCMA"}, Tone: 700,
		})
		p.Registered(t)
		return p
	}
	p1, p2 := answers("1001"), answers("1002")

	p1.Dial(t, "1002")
	p1.Established(t)
	p2.Established(t)
	peer.Eventually(t, "the call is active", func() error {
		if l := list("boss", ""); len(l) != 1 || l[0].Status != "active" || len(l[0].Participants) != 2 {
			return fmt.Errorf("calls %+v", l)
		}
		return nil
	})
	id := list("boss", "")[0].ID
	for user, want := range map[string]int{"boss": 1, "alice": 1, "bob": 1, "carol": 0} {
		if l := list(user, ""); len(l) != want || want == 1 && (l[0].ID != id || l[0].Direction != "internal" || l[0].Metadata["extension"] != "1002") {
			t.Errorf("%s sees %+v", user, l)
		}
		status := s.Do(t, tokens[user], "GET", voip+"/calls/"+id, nil, nil)
		if (status == http.StatusOK) != (want == 1) {
			t.Errorf("%s asks for it: %d", user, status)
		}
	}
	if status := s.Do(t, tokens["carol"], "POST", voip+"/calls/"+id+"/end", nil, nil); status != http.StatusNotFound {
		t.Errorf("carol ends it: %d", status)
	}
	if status := s.Do(t, tokens["bob"], "POST", voip+"/calls/"+id+"/end", nil, nil); status != http.StatusOK {
		t.Errorf("bob ends it: %d", status)
	}
	for _, again := range []string{"", "/end"} { // at once, whether its end and its record are there or not
		method := map[string]string{"": "GET", "/end": "POST"}[again]
		if status := s.Do(t, tokens["bob"], method, voip+"/calls/"+id+again, nil, nil); status != http.StatusOK {
			t.Errorf("%s %s of a call that ends: %d", method, again, status)
		}
	}
	p1.Closed(t)
	p2.Closed(t)
	for user, want := range map[string]int{"boss": 1, "alice": 1, "bob": 1, "carol": 0} {
		peer.Eventually(t, "the record of "+user, func() error {
			l := list(user, "?status=ended")
			if len(l) != want || want == 1 && (l[0].ID != id || l[0].CreatedBy != "alice" || l[0].Cause != 16 || *l[0].Participants[1].UserID != "bob") {
				return fmt.Errorf("%+v", l)
			}
			return nil
		})
	}
	if status := s.Do(t, tokens["carol"], "GET", voip+"/calls/"+id, nil, nil); status != http.StatusNotFound {
		t.Errorf("carol asks for the record: %d", status)
	}

	t.Run("of the API", func(t *testing.T) {
		var made call
		body := map[string]any{"participants": []string{"SIP/1001", "SIP/1002"}, "call_type": "audio"}
		if status := s.Do(t, admin, "POST", voip+"/calls", body, &made); status != http.StatusCreated {
			t.Fatalf("%d %+v", status, made)
		}
		p1.Established(t)
		p2.Established(t)
		if l := list("boss", ""); len(l) != 1 || l[0].ID != made.ID {
			t.Errorf("calls %+v", l)
		}
		if status := s.Do(t, admin, "POST", voip+"/calls/"+made.ID+"/end", nil, nil); status != http.StatusOK {
			t.Errorf("end: %d", status)
		}
		p1.Closed(t)
		p2.Closed(t)
		peer.Eventually(t, "its record", func() error {
			if l := list("boss", "?status=ended"); len(l) != 2 || l[0].ID != made.ID {
				return fmt.Errorf("%+v", l)
			}
			return nil
		})
	})
}
