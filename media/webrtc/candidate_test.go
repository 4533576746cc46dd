package webrtc

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const hostLine = "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"

func ref[T any](v T) *T { return &v }

var candidateShapes = []struct {
	name, json string
	want       Candidate
	kind       fault.Kind
	bad        bool
}{
	{name: "object", json: `{"candidate":"` + hostLine + `","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"abcd"}`,
		want: Candidate{hostLine, ref("0"), ref(uint16(0)), ref("abcd")}},
	{name: "wrapped", json: `{"candidate":{"candidate":"` + hostLine + `","sdpMid":"0","sdpMLineIndex":0}}`,
		want: Candidate{hostLine, ref("0"), ref(uint16(0)), nil}},
	{name: "wrapped, with neighbours", json: `{"type":"ice","candidate": {"candidate":"` + hostLine + `"}}`, want: Candidate{Candidate: hostLine}},
	{name: "nulls", json: `{"candidate":"` + hostLine + `","sdpMid":null,"sdpMLineIndex":null}`, want: Candidate{Candidate: hostLine}},
	{name: "end, empty", json: `{"candidate":"","sdpMid":"0"}`, want: Candidate{SDPMid: ref("0")}},
	{name: "end, null", json: `{"candidate":null}`},
	{name: "end, bare null", json: `null`},
	{name: "end, wrapped", json: `{"candidate":{"candidate":""}}`},
	{name: "twice wrapped", json: `{"candidate":{"candidate":{"candidate":"x"}}}`, bad: true, kind: fault.Invalid},
	{name: "number", json: `{"candidate":7}`, bad: true, kind: fault.Invalid},
	{name: "no candidate", json: `{"sdpMid":"0"}`, bad: true, kind: fault.Invalid},
	{name: "array", json: `[]`, bad: true, kind: fault.Invalid},
	{name: "index out of range", json: `{"candidate":"x","sdpMLineIndex":70000}`, bad: true, kind: fault.Invalid},
	{name: "long", json: `{"candidate":"` + strings.Repeat("x", 3000) + `"}`, bad: true, kind: fault.TooLarge},
}

func TestCandidateShapes(t *testing.T) {
	for _, test := range candidateShapes {
		t.Run(test.name, func(t *testing.T) {
			var c Candidate
			err := json.Unmarshal([]byte(test.json), &c)
			if test.bad {
				if err == nil || fault.Of(err) != test.kind {
					t.Fatalf("%v (%v), want %v", err, fault.Of(err), test.kind)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, c); diff != "" {
				t.Fatal(diff)
			}
			printed, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			var again Candidate
			if err := json.Unmarshal(printed, &again); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c, again); diff != "" {
				t.Errorf("printed as %s: %s", printed, diff)
			}
		})
	}
}

func FuzzCandidate(f *testing.F) {
	for _, test := range candidateShapes {
		f.Add(test.json)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var c Candidate
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return
		}
		if ok, err := usable(c.Candidate, true); ok && err != nil {
			t.Fatal("usable and wrong at once")
		}
		printed, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if len(printed) > maxCandidateBytes {
			return // escapes make it longer than what we take
		}
		var again Candidate
		if err := json.Unmarshal(printed, &again); err != nil {
			t.Fatalf("%s: %v", printed, err)
		}
		if again.Candidate != c.Candidate {
			t.Fatalf("%q became %q", c.Candidate, again.Candidate)
		}
	})
}

func TestUsable(t *testing.T) {
	for _, test := range []struct {
		name, text string
		loopback   bool
		want, bad  bool
	}{
		{"host", hostLine, false, true, false},
		{"without prefix", hostLine[len("candidate:"):], false, true, false},
		{"IPv6", "candidate:1 1 udp 1 2001:db8::1 5000 typ host generation 0 ufrag abcd", false, true, false},
		{"reflexive", "candidate:1 1 UDP 1 198.51.100.2 5000 typ srflx raddr 10.0.0.1 rport 4000", false, true, false},
		{"mDNS", "candidate:1 1 udp 1 3c2d9a0e-2d2a-4d2e-8f5e-1f7a9a8b0c1d.local 5000 typ host", false, false, false},
		{"a name", "candidate:1 1 udp 1 internal.example.com 5000 typ host", false, false, false},
		{"TCP", "candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active", false, false, false},
		{"RTCP", "candidate:1 2 udp 1 192.0.2.1 5001 typ host", false, false, false},
		{"loopback", "candidate:1 1 udp 1 127.0.0.1 5000 typ host", false, false, false},
		{"loopback wanted", "candidate:1 1 udp 1 127.0.0.1 5000 typ host", true, true, false},
		{"multicast", "candidate:1 1 udp 1 224.0.0.1 5000 typ host", false, false, false},
		{"broadcast", "candidate:1 1 udp 1 255.255.255.255 5000 typ host", false, false, false},
		{"unspecified", "candidate:1 1 udp 1 0.0.0.0 5000 typ host", false, false, false},
		{"unknown type", "candidate:1 1 udp 1 192.0.2.1 5000 typ future", false, false, false},
		{"short", "candidate:1 1 udp", false, false, true},
		{"no typ", "candidate:1 1 udp 1 192.0.2.1 5000 kind host", false, false, true},
		{"port", "candidate:1 1 udp 1 192.0.2.1 99999 typ host", false, false, true},
		{"priority", "candidate:1 1 udp high 192.0.2.1 5000 typ host", false, false, true},
		{"address", "candidate:1 1 udp 1 2001:::1 5000 typ host", false, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := usable(test.text, test.loopback)
			if got != test.want || (err != nil) != test.bad {
				t.Errorf("%v, %v; want %v, error %v", got, err, test.want, test.bad)
			}
			if err != nil && fault.Of(err) != fault.Invalid {
				t.Errorf("kind %v", fault.Of(err))
			}
		})
	}
}

func TestCandidateFlood(t *testing.T) {
	o := newPeer(t, testAPI(t))
	for i := range maxRemoteCandidates {
		if err := o.AddCandidate(Candidate{Candidate: fmt.Sprintf("candidate:%d 1 udp 1 127.0.0.1 %d typ host", i, 1000+i)}); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := o.AddCandidate(Candidate{Candidate: hostLine}); fault.Of(err) != fault.TooMany {
		t.Errorf("%v", err)
	}
	if err := o.AddCandidate(Candidate{}); err != nil {
		t.Errorf("end of candidates: %v", err)
	}
}

// Candidates that overtake their offer, as requests of a browser may, still count;
// those of another generation do not.
func TestEarlyCandidates(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	offer := r.offer(t, true, nil)
	ufrag := parameter(t, offer, "ice-ufrag")
	for c := range r.found {
		if c.Candidate == "" {
			break
		}
		for _, u := range []string{"other", ufrag} {
			if err := o.AddCandidate(Candidate{Candidate: c.Candidate, UsernameFragment: &u}); err != nil {
				t.Fatal(err)
			}
		}
	}
	answer, err := o.Answer(context.Background(), offer, false)
	if err != nil {
		t.Fatal(err)
	}
	r.setAnswer(t, answer)
	o.await(t, StateConnected)
	speak(t, o, r, "hello")
}
