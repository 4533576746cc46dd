// Package netns_test has the browser's host change its network, in namespaces of its own.
package netns_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// trials is how many times the network changes; the figures of docs/benchmarks.md have more.
const trials = "SKYBRIDGE_NETWORK_TRIALS"

// bar is for the median of a run that is made for its figure.
const bar = 2 * time.Second

// bound is what no change may take, however loaded the machine: a call waits no longer for a network.
const bound = 30 * time.Second

// The server's address, which the browser's host reaches over two links.
const serverHost = "10.9.9.1"

// lay builds the network: a host for the browser with a first link up and a second one down.
// The browser's host is a namespace of the name.
func lay(t *testing.T, host string) {
	t.Helper()
	t.Cleanup(func() { peer.Run(t, "", "ip", "netns", "delete", host) })
	for _, line := range []string{
		"link set lo up",
		"address add " + serverHost + "/32 dev lo",
		"netns add " + host,
		"-n " + host + " link set lo up",
		"link add wifi type veth peer name wifi netns " + host, "address add 10.1.1.1/24 dev wifi", "link set wifi up",
		"link add cell type veth peer name cell netns " + host, "address add 10.1.2.1/24 dev cell", "link set cell up",
	} {
		peer.Run(t, "", "ip", strings.Fields(line)...)
	}
	change(t, host, 0)
}

// links are what the browser's host goes by, in turns.
var links = []struct{ name, net string }{{"wifi", "10.1.1"}, {"cell", "10.1.2"}}

// change has the browser's host go by a link, and by no other.
func change(t *testing.T, host string, to int) (address string) {
	t.Helper()
	at := links[to]
	for _, l := range links {
		if l != at {
			peer.Run(t, "", "ip", "-n", host, "link", "set", l.name, "down")
			peer.Run(t, "", "ip", "-n", host, "address", "flush", "dev", l.name)
		}
	}
	link(t, host, at.name, at.net)
	return at.net + ".2"
}

// link has the browser's host go by a link.
func link(t *testing.T, host, name, net string) {
	t.Helper()
	for _, line := range []string{"address add " + net + ".2/24 dev " + name, "link set " + name + " up", "route add default via " + net + ".1"} {
		peer.Run(t, "", "ip", append([]string{"-n", host}, strings.Fields(line)...)...)
	}
}

// listen has the page note what it asks of the server.
const listen = `
	window.events = [];
	window.note = (what) => events.push([Date.now(), what]);
	const asks = window.fetch;
	window.fetch = async (url, options) => {
		const what = (options?.method ?? "GET") + " " + String(url).split("/").pop() + " " + (/"message_type":"(\w+)"/.exec(options?.body ?? "")?.[1] ?? "") + (/"candidate":"[^"]*?(\S+ \d+ typ \S+)/.exec(options?.body ?? "")?.[1] ?? "");
		note(what);
		try {
			const answer = await asks(url, options);
			note(what + " " + answer.status);
			return answer;
		} catch (error) {
			note(what + " " + error.message);
			throw error;
		}
	};
`

// watch has the page measure when it is heard of again after a change of its network: by the other
// link, and with audio.
const watch = `
	window.pc = call.peerConnection;
	pc.addEventListener("iceconnectionstatechange", () => note("ice " + pc.iceConnectionState));
	call.on("state", ({ state }) => note("call " + state));
	addEventListener("online", () => note("online"));
	addEventListener("offline", () => note("offline"));
	navigator.connection?.addEventListener("change", () => note("connection"));
	window.audioFrom = async (address) => {
		const end = Date.now() + 40_000;
		for (let heard = -1; Date.now() < end;) {
			const all = await pc.getStats();
			let by = "", packets = 0;
			for (const s of all.values()) {
				if (s.type === "transport" && s.selectedCandidatePairId) by = all.get(all.get(s.selectedCandidatePairId).localCandidateId).address ?? "";
				if (s.type === "inbound-rtp" && s.kind === "audio") packets = s.packetsReceived;
			}
			if (by === address && heard >= 0 && packets > heard + 5) return Date.now();
			if (by === address && heard < 0) heard = packets;
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
		return 0;
	};
`

// TestTheNetworkChanges: a call goes on when the browser's host changes from one link to
// another, as a phone does that leaves its Wi-Fi, and back.
func TestTheNetworkChanges(t *testing.T) {
	if !peer.OwnNetwork(t, fmt.Sprintf("ip netns add skybridge-probe-%[1]d && ip netns delete skybridge-probe-%[1]d", os.Getpid()), "chromium", "baresip") {
		return
	}
	host := fmt.Sprintf("skybridge-%d", os.Getpid())
	lay(t, host)
	s := server.Start(t, server.Config{Set: map[string]string{"webrtc.listen": serverHost + ":0"}})
	dev := peer.NewSiteAt(t, serverHost+":0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
	}))
	dev.Serve(t, s.URL(""))
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
		Register: true, Answer: true, Codecs: []string{"PCMU"}, Tone: 500,
	})
	phone.Registered(t)
	chromium := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(chromium, []byte("#!/bin/sh\nexec ip netns exec "+host+" chromium \"$@\"\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	b := peer.Chromium(t, peer.ChromiumConfig{Program: chromium, Tone: 700, Flags: []chromedp.ExecAllocatorOption{
		chromedp.Flag("unsafely-treat-insecure-origin-as-secure", dev.URL),
	}})
	b.Open(t, dev.URL+"/")
	peer.Eval[string](t, b, fmt.Sprintf(`(async () => {
		%s
		const { connect } = await import("/sdk/skybridge.js");
		window.client = await connect({ token: %q });
		window.call = await client.call("1001");
		%s
		return call.state;
	})()`, listen, s.Token(t, "alice"), watch))
	phone.Established(t)
	peer.Hears(t, "the page", b.Recording(), 500)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	const ufrag = `/a=ice-ufrag:(\S+)/.exec(call.peerConnection.localDescription.sdp)[1]`

	n, measured := 2, false
	if text := os.Getenv(trials); text != "" {
		measured = true
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	var took []time.Duration
	for i := range n {
		before := peer.Eval[string](t, b, ufrag)
		b.Load(t, "events.length = 0")
		changed := time.Now()
		address := change(t, host, (i+1)%len(links))
		back := peer.Eval[int64](t, b, fmt.Sprintf("audioFrom(%q)", address))
		d := time.UnixMilli(back).Sub(changed)
		if back == 0 {
			t.Fatalf("no audio by the other link: %s: %s", peer.Eval[string](t, b, "pc.iceConnectionState + ' ' + pc.connectionState + ' ' + pc.signalingState + ' ' + call.state"), story(t, b, changed))
		}
		took = append(took, d)
		t.Logf("network: audio by the other link after %v: %s", d.Round(time.Millisecond), story(t, b, changed))
		if d > bound {
			t.Errorf("it took %v", d)
		}
		if after := peer.Eval[string](t, b, ufrag); after == before {
			t.Error("ICE was not restarted")
		}
		peer.Eventually(t, "the call is active, and things are pushed", func() error {
			if state := peer.Eval[string](t, b, "call.peerConnection.connectionState + ' ' + call.state + ' ' + client.pushed"); state != "connected active true" {
				return errors.New(state)
			}
			return nil
		})
		peer.Silent(t, "the page", b.Recording(), 3000) // a second of what comes now
		peer.Hears(t, "the page", b.Recording(), 500)
		peer.Hears(t, "the phone", phone.Recording(), 700)
	}
	slices.Sort(took)
	if median := took[len(took)/2]; measured && median > bar {
		t.Errorf("the median is %v, the bar %v: is the machine idle?", median, bar)
	}
	t.Logf("network: %d changes, audio after %v in the median, %v at the 95th percentile, %v at most", n,
		took[len(took)/2].Round(time.Millisecond), took[len(took)*95/100].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	peer.Eval[string](t, b, `call.hangUp().then(() => call.state)`)
	phone.Closed(t)
}

// story is what the page has noted, in milliseconds since a time.
func story(t *testing.T, b *peer.Browser, since time.Time) string {
	t.Helper()
	return peer.Eval[string](t, b, fmt.Sprintf("events.map(([at, what]) => (at - %d) + ' ' + what).join(', ')", since.UnixMilli()))
}
