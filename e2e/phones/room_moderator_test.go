package phones_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

// A phone that dials a room which requires a moderator hears music until one is there; then they
// hear each other, and a recording of the room has both.
func TestAPhoneWaitsForAModerator(t *testing.T) {
	t.Parallel()
	tunes := t.TempDir()
	if err := tone.WriteWAV(filepath.Join(tunes, "tune.wav"), tone.Sine(1301, 16000, 3, 12000), 16000); err != nil {
		t.Fatal(err)
	}
	files := conf(peer.FreePort(t), "exten => _9XXX,1,ConfBridge(${EXTEN})\n")
	files["musiconhold.conf"] = "[default]\nmode=files\ndirectory=" + tunes + "\nsort=alpha\n"
	l := start(t, files)
	l.run(t, "the room", func(t *testing.T) {
		alice := l.Token(t, "alice")
		rest := func(method, path string, in, out any, want int) {
			t.Helper()
			if status := l.Do(t, alice, method, "/api/v1/voip"+path, in, out); status != want {
				t.Fatalf("%s %s: status %d, want %d", method, path, status, want)
			}
		}
		var room struct {
			ID string `json:"id"`
		}
		rest(http.MethodPost, "/rooms", map[string]any{
			"name": "Board", "number": "9100", "settings": map[string]any{"require_moderator": true, "allow_recording": true},
		}, &room, http.StatusCreated)
		guest := l.phone(t, "1001", peer.BaresipConfig{Tone: 503})
		lead := l.phone(t, "1002", peer.BaresipConfig{Tone: 877, Answer: true})
		guest.Dial(t, "9100")
		guest.Established(t)
		peer.Hears(t, "who waits", guest.Recording(), 1301, 877)
		rest(http.MethodPost, "/rooms/"+room.ID+"/join", map[string]any{"role": "moderator", "endpoint": "SIP/1002"}, nil, http.StatusOK)
		peer.Hears(t, "the guest", guest.Recording(), 877, 503)
		peer.Hears(t, "the moderator", lead.Recording(), 503, 877)

		var rec struct {
			ID       string `json:"id"`
			Duration int    `json:"duration_ms"`
		}
		rest(http.MethodPost, "/rooms/"+room.ID+"/record", nil, &rec, http.StatusCreated)
		peer.Eventually(t, "a recording of two seconds", func() error {
			rest(http.MethodGet, "/recordings/"+rec.ID, nil, &rec, http.StatusOK)
			if rec.Duration < 2000 {
				return fmt.Errorf("%d ms so far", rec.Duration)
			}
			return nil
		})
		rest(http.MethodPost, "/rooms/"+room.ID+"/record/stop", nil, nil, http.StatusOK)
		pcm, rate := l.recorded(t, alice, rec.ID)
		for _, hz := range []float64{503, 877} {
			if level := tone.Level(pcm[rate/2:rate*3/2], rate, hz); level < -40 {
				t.Errorf("%v Hz is in the recording at %.1f dBFS", hz, level)
			}
		}

		lead.Hangup(t)
		peer.Hears(t, "who waits again", guest.Recording(), 1301, 877)
		rest(http.MethodDelete, "/rooms/"+room.ID, nil, nil, http.StatusNoContent)
		guest.Closed(t)
	})
}

// recorded fetches a recording's file.
func (l *lab) recorded(t *testing.T, token, id string) (pcm []int16, rate int) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, l.URL("/api/v1/voip/recordings/"+id+"/file"), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := l.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	file, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %v", resp.StatusCode, err)
	}
	if pcm, rate, err = wav.ReadMono(bytes.NewReader(file), 1<<22); err != nil || len(pcm) < 2*rate {
		t.Fatalf("%d samples at %d Hz: %v", len(pcm), rate, err)
	}
	return pcm, rate
}
