// Package monitoring_test asks a started server what monitoring asks for, and holds it against a
// real Asterisk's answers and against what the server says elsewhere.
package monitoring_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

const voip = "/api/v1/voip"

// phone registers a phone.
func phone(t *testing.T, s *server.Server, number string) *peer.BaresipPeer {
	t.Helper()
	p := peer.Baresip(t, peer.BaresipConfig{
		User: number, Password: s.Password(t, number), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true,
		Codecs: []string{"PCMA"}, Tone: 500,
	})
	p.Registered(t)
	return p
}

// asks asks the ARI at a port, ours or a real Asterisk's.
func asks(t *testing.T, port int, method, path string) any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://127.0.0.1:%d/ari%s", port, path), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(peer.ARIUser, peer.ARIPassword)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	var out any
	if err := errors.Join(err, resp.Body.Close(), json.Unmarshal(text, &out)); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", path, resp.Status, err, text)
	}
	return out
}

// shape is every path of a document with the kind of its value; all members of a list have one.
func shape(v any) []string {
	var out []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				walk(path+"."+name, member)
			}
		case []any:
			for _, member := range v {
				walk(path+"[]", member)
			}
		default:
			out = append(out, fmt.Sprintf("%s %T", path, v))
		}
	}
	walk("", v)
	slices.Sort(out)
	return slices.Compact(out)
}

// Both say the same of themselves and of a channel that hears its echo, as far as their shapes go.
func TestARIsOwnShapes(t *testing.T) {
	s := server.Start(t, server.Config{Beside: map[string]string{
		"ari.conf": fmt.Sprintf("[%s]\ntype = user\nread_only = yes\npassword = %s\n", peer.ARIUser, peer.ARIPassword),
	}})
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{})
	admin := s.Token(t, "boss", "--role", "admin")
	ours := func(path string) (out any) {
		t.Helper()
		if status := s.Do(t, admin, "GET", voip+"/asterisk"+path, nil, &out); status != http.StatusOK {
			t.Fatalf("%s: %d %v", path, status, out)
		}
		return out
	}
	p := phone(t, s, "1001")
	p.Dial(t, "600")
	p.Established(t)
	if out, err := asterisk.CLI("channel originate Local/600@peer application Wait 600"); err != nil || strings.Contains(out, "No such") {
		t.Fatalf("%v %s", err, out)
	}
	peer.Eventually(t, "asterisk's channels", func() error {
		if n, err := asterisk.Channels(); err != nil || n == 0 {
			return fmt.Errorf("%d channels: %w", n, err)
		}
		return nil
	})
	for name, c := range map[string]struct {
		path string
		// leaves are what one of the two has and the other may leave out (required: false in ARI's documents).
		leaves []string
	}{
		"info":     {"/asterisk/info", []string{".config.max_channels float64", ".config.max_open_files float64"}},
		"some":     {"/asterisk/info?only=system,status", nil},
		"channels": {"/channels", nil},
	} {
		t.Run(name, func(t *testing.T) {
			both := func(line string) bool { return slices.Contains(c.leaves, line) }
			theirs := slices.DeleteFunc(shape(asks(t, asterisk.HTTP, "GET", c.path)), both)
			for face, our := range map[string][]string{
				"ARI": shape(asks(t, s.WS, "GET", c.path)), "REST": shape(ours(strings.TrimPrefix(c.path, "/asterisk"))),
			} {
				if our = slices.DeleteFunc(our, both); !slices.Equal(theirs, our) {
					t.Errorf("asterisk:\n%s\nskybridge's %s:\n%s", strings.Join(theirs, "\n"), face, strings.Join(our, "\n"))
				}
			}
		})
	}
	t.Run("bridges", func(t *testing.T) {
		asks(t, asterisk.HTTP, "POST", "/bridges?type=mixing")
		other := phone(t, s, "1002")
		other.Dial(t, "9000")
		other.Established(t)
		theirs, our := shape(asks(t, asterisk.HTTP, "GET", "/bridges")), shape(asks(t, s.WS, "GET", "/bridges"))
		ours := slices.DeleteFunc(our, func(line string) bool { return line == "[].channels[] string" }) // theirs has none
		if !slices.Equal(theirs, ours) || len(ours) == len(our) {
			t.Errorf("asterisk:\n%s\nskybridge:\n%s", strings.Join(theirs, "\n"), strings.Join(our, "\n"))
		}
		other.Hangup(t)
		other.Closed(t)
	})
	t.Run("what they say", func(t *testing.T) {
		list, ok := ours("/channels").([]any)
		if !ok || len(list) != 1 {
			t.Fatalf("channels %v", list)
		}
		ch, _ := list[0].(map[string]any)
		plan, _ := ch["dialplan"].(map[string]any)
		if ch["state"] != "Up" || plan["exten"] != "600" || plan["app_name"] != "Echo" || !strings.HasPrefix(fmt.Sprint(ch["name"]), "PJSIP/1001-") {
			t.Errorf("%v", ch)
		}
	})
	p.Hangup(t)
	p.Closed(t)
}
