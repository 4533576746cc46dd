package sdk_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

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
	link(t, host, "wifi", "10.1.1")
}

// link has the browser's host go by a link.
func link(t *testing.T, host, name, net string) {
	t.Helper()
	for _, line := range []string{"address add " + net + ".2/24 dev " + name, "link set " + name + " up", "route add default via " + net + ".1"} {
		peer.Run(t, "", "ip", append([]string{"-n", host}, strings.Fields(line)...)...)
	}
}

// TestTheNetworkChanges: a call goes on when the browser's host changes from one link to
// another, as a phone does that leaves its Wi-Fi.
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
		const { connect } = await import("/sdk/skybridge.js");
		window.client = await connect({ token: %q });
		window.call = await client.call("1001");
		window.states = [];
		call.on("state", ({ state }) => states.push([state, performance.now()]));
		return call.state;
	})()`, s.Token(t, "alice")))
	phone.Established(t)
	peer.Hears(t, "the page", b.Recording(), 500)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	const ufrag = `/a=ice-ufrag:(\S+)/.exec(call.peerConnection.localDescription.sdp)[1]`
	before := peer.Eval[string](t, b, ufrag)

	b.Load(t, "states.push(['changed', performance.now()])")
	peer.Run(t, "", "ip", "-n", host, "link", "set", "wifi", "down")
	link(t, host, "cell", "10.1.2")
	changed := time.Now()
	peer.Eventually(t, "the call goes by the other link", func() error {
		way := peer.Eval[string](t, b, `call.peerConnection.getStats().then((all) => {
			for (const s of all.values()) {
				if (s.type === "transport" && s.selectedCandidatePairId) return all.get(all.get(s.selectedCandidatePairId).localCandidateId).address ?? "";
			}
			return "";
		})`)
		state := peer.Eval[string](t, b, "call.peerConnection.connectionState + ' ' + call.state")
		if way != "10.1.2.2" || state != "connected active" {
			return fmt.Errorf("from %s: %s", way, state)
		}
		return nil
	})
	t.Logf("by the other link after %v; the call's states: %s", time.Since(changed).Round(time.Millisecond), peer.Eval[string](t, b, "JSON.stringify(states)"))
	if after := peer.Eval[string](t, b, ufrag); after == before {
		t.Error("ICE was not restarted")
	}
	peer.Silent(t, "the page", b.Recording(), 3000) // a second of what comes now
	peer.Hears(t, "the page", b.Recording(), 500)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	peer.Eventually(t, "things are pushed again", func() error {
		if !peer.Eval[bool](t, b, "client.pushed") {
			return errors.New("not yet")
		}
		return nil
	})
	peer.Eval[string](t, b, `call.hangUp().then(() => call.state)`)
	phone.Closed(t)
}
