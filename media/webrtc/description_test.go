package webrtc

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

var update = flag.Bool("update", false, "write the answers to testdata")

// changing is what differs from one answer to the next, and its stand-in.
var changing = []struct {
	find *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?m)^o=- \d+ `), "o=- ID "},
	{regexp.MustCompile(`(?m)^a=ice-ufrag:.*$`), "a=ice-ufrag:UFRAG"},
	{regexp.MustCompile(`(?m)^a=ice-pwd:.*$`), "a=ice-pwd:PWD"},
	{regexp.MustCompile(`(?m)^a=fingerprint:sha-256 [0-9A-F:]{95}$`), "a=fingerprint:sha-256 PRINT"},
	{regexp.MustCompile(`(?m)^a=msid:[0-9a-f]{32} `), "a=msid:NAME "},
	{regexp.MustCompile(`(?m)^a=ssrc:\d+ cname:[0-9a-f]{32}$`), "a=ssrc:SSRC cname:NAME"},
	{regexp.MustCompile(`(?m)^(m=audio) [1-9]\d{2,} `), "$1 PORT "},
	{regexp.MustCompile(`(?m)^a=candidate:\d+ 1 (udp|tcp) \d+ 127.0.0.1 \d+ typ host( tcptype passive)? ufrag \S+$`), "a=candidate:$1 127.0.0.1"},
}

// Offers as browsers and phones send them, and our answers to them.
func TestAnswerText(t *testing.T) {
	files, err := filepath.Glob("testdata/answer/*.sdp")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	a := testAPI(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sdp"), func(t *testing.T) {
			offer, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			o := newPeer(t, a)
			defer o.Close()
			answer, err := o.Answer(context.Background(), string(offer), false)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(answer, "\r\n") || strings.Count(answer, "\n") != strings.Count(answer, "\r\n") {
				t.Error("lines do not all end in CR LF")
			}
			answer = strings.ReplaceAll(answer, "\r\n", "\n")
			for _, c := range changing {
				answer = c.find.ReplaceAllString(answer, c.with)
			}
			n := o.Media()
			answer += fmt.Sprintf("# send %v every %v, events %v; direction %v; level %d\n",
				n.Send, n.Send.Ptime, n.SendEvents, n.Direction, n.AudioLevel)
			golden := strings.TrimSuffix(file, ".sdp") + ".answer"
			if *update {
				if err := os.WriteFile(golden, []byte(answer), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), answer); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// refusals reads testdata/refused: the first line is "# kind: part of the error".
func refusals(t testing.TB) map[string][3]string {
	t.Helper()
	files, err := filepath.Glob("testdata/refused/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	list := map[string][3]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, sdp, _ := strings.Cut(string(text), "\n")
		kind, part, _ := strings.Cut(strings.TrimPrefix(head, "# "), ": ")
		list[strings.TrimSuffix(filepath.Base(file), ".txt")] = [3]string{kind, part, sdp}
	}
	return list
}

func TestRefusedOffers(t *testing.T) {
	a := testAPI(t)
	o := newPeer(t, a)
	good, err := os.ReadFile("testdata/answer/chromium-audio.sdp")
	if err != nil {
		t.Fatal(err)
	}
	offers := refusals(t)
	offers["10,000 m= lines"] = [3]string{"too_large", "more than 64 m= lines",
		"v=0\n" + strings.Repeat("m=audio 9 RTP/AVP 0\n", 3000)}
	offers["384 KiB"] = [3]string{"too_large", "at most 393216", "v=0\n" + strings.Repeat("a=x\n", 100_000)}
	offers["formats"] = [3]string{"too_large", "more than 128 formats",
		"v=0\nm=audio 9 UDP/TLS/RTP/SAVPF" + strings.Repeat(" 111", 200) + "\n"}
	offers["candidates"] = [3]string{"too_many", "line 263: more than 256 candidates",
		"v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 111\n" + strings.Repeat("a=mid:0\n", 4) +
			strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 1000 typ host\n", 300)}
	for name, want := range offers {
		t.Run(name, func(t *testing.T) {
			_, err := o.Answer(context.Background(), want[2], true)
			if err == nil {
				t.Fatal("answered")
			}
			if fault.Of(err).String() != want[0] || !strings.Contains(err.Error(), want[1]) {
				t.Errorf("%v (%v), want %s: …%s…", err, fault.Of(err), want[0], want[1])
			}
			if len(err.Error()) > 400 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
	// The peer is none the worse for it.
	if _, err := o.Answer(context.Background(), string(good), true); err != nil {
		t.Fatal(err)
	}
}
