package phones_test

import (
	"net/http"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// A room of the API that its members fill refuses a phone as busy, also while a place
// is only held; once somebody has left, the phone comes in, and the API's members
// find it full.
func TestARoomThatTheAPIFills(t *testing.T) {
	t.Parallel() // it ends by waiting for the API's idle workers
	l := open(t, "exten => _9XXX,1,ConfBridge(${EXTEN})\n")
	l.run(t, "REST", func(t *testing.T) {
		alice, bob := l.Token(t, "alice", "--role", "admin"), l.Token(t, "bob")
		var room struct {
			ID string `json:"id"`
		}
		status := l.Do(t, alice, http.MethodPost, "/api/v1/voip/rooms", map[string]any{"name": "Two", "number": "9100", "max_participants": 2}, &room)
		if status != http.StatusCreated {
			t.Fatalf("create: status %d", status)
		}
		join := func(token string, want int) (call string) {
			t.Helper()
			var joined struct {
				Call string `json:"call_id"`
			}
			if status := l.Do(t, token, http.MethodPost, "/api/v1/voip/rooms/"+room.ID+"/join", map[string]any{}, &joined); status != want {
				t.Fatalf("join: status %d, want %d", status, want)
			}
			return joined.Call
		}
		web := peer.RESTPage(t, l.URL("/"), alice, peer.ChromiumConfig{Tone: 877})
		web.Join(t, "9100")
		held := join(bob, http.StatusOK) // and never connects
		l.refused(t, "9100", 486)
		join(bob, http.StatusConflict)

		if status := l.Do(t, bob, http.MethodPost, "/api/v1/voip/calls/"+held+"/end", nil, nil); status != http.StatusOK {
			t.Fatalf("end: status %d", status)
		}
		b := l.phone(t, "1001", peer.BaresipConfig{Tone: 503})
		b.Dial(t, "9100")
		b.Established(t)
		peer.Hears(t, "the phone", b.Recording(), 877, 503)
		peer.Hears(t, "the page", web.Recording(), 503, 877)
		join(bob, http.StatusConflict)
		l.refused(t, "9100", 486)

		b.Hangup(t)
		web.Hangup(t)
		if status := l.Do(t, alice, http.MethodDelete, "/api/v1/voip/rooms/"+room.ID, nil, nil); status != http.StatusNoContent {
			t.Errorf("delete: status %d", status)
		}
	})
}
