package turn_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// path is the way that the media of the page's last connection takes.
const path = `(async () => {
	const pc = __ears.connections.at(-1), stats = await pc.getStats();
	for (const s of stats.values()) {
		if (s.type !== "transport" || !s.selectedCandidatePairId) continue;
		const local = stats.get(stats.get(s.selectedCandidatePairId).localCandidateId);
		return local.candidateType + " " + (local.relayProtocol ?? "");
	}
	return "none";
})()`

// page is a browser that has called the phone 1001, which is heard by it and hears it.
func (l *lab) page(t *testing.T, cfg peer.ChromiumConfig, want string) (*peer.Browser, *peer.BaresipPeer) {
	t.Helper()
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: l.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", l.SIP),
		Register: true, Answer: true, Codecs: []string{"PCMA"}, Tone: 500,
	})
	phone.Registered(t)
	cfg.Tone = 700
	b := peer.Chromium(t, cfg)
	b.Open(t, l.URL("/#token="+l.Token(t, "a:l ice", "--role", "admin")))
	peer.Eval[bool](t, b, `(() => {
		const field = document.querySelector("#dial-target");
		field.value = "1001";
		field.dispatchEvent(new Event("input", { bubbles: true }));
		document.querySelector("#dial").click();
		return true;
	})()`)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	peer.Hears(t, "the page", b.Recording(), 500)
	if got := peer.Eval[string](t, b, path); got != want {
		t.Errorf("the media go by %q, want %q", got, want)
	}
	if n := l.Resources(t)["turn allocations"]; n == 0 {
		t.Error("there is no allocation")
	}
	return b, phone
}

// hangup ends a page's call.
func (l *lab) hangup(t *testing.T, b *peer.Browser, phone *peer.BaresipPeer) {
	t.Helper()
	peer.Eval[bool](t, b, `(() => { document.querySelector("#hangup").click(); return true })()`)
	phone.Closed(t)
	peer.Eventually(t, "the relays are given back", func() error {
		if n := l.Resources(t)["turn allocations"]; n > 0 {
			return fmt.Errorf("%d are left", n)
		}
		return nil
	})
}

// relayed lets a page's connections go by TURN alone, over one transport.
func relayed(transport string) string {
	return fmt.Sprintf(`(() => {
		const Before = RTCPeerConnection;
		window.RTCPeerConnection = class extends Before {
			constructor(c) {
				const iceServers = (c?.iceServers ?? []).map((s) => ({ ...s, urls: s.urls.filter((u) => u.startsWith("turn") && u.includes(%q)) }));
				super({ ...c, iceTransportPolicy: "relay", iceServers: iceServers.filter((s) => s.urls.length) });
			}
		};
	})()`, transport)
}

// A page whose media go by TURN alone talks, over UDP, TCP and TLS.
func TestAPageTalksByTURN(t *testing.T) {
	l := open(t, map[string]string{"shutdown.drain": "5m"})
	before := l.Resources(t)
	for transport, want := range map[string]string{"?transport=udp": "udp", "turn:127.0.0.1:" + fmt.Sprint(l.turn) + "?transport=tcp": "tcp", "turns:": "tls"} {
		t.Run(want, func(t *testing.T) {
			b, phone := l.page(t, peer.ChromiumConfig{Script: relayed(transport)}, "relay "+want)
			l.hangup(t, b, phone)
		})
	}
	l.Idle(t, before)
	t.Run("while the server ends", func(t *testing.T) {
		b, phone := l.page(t, peer.ChromiumConfig{Script: relayed("?transport=udp")}, "relay udp")
		if err := l.Process().Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		peer.Eventually(t, "the server drains", func() error {
			if !strings.Contains(l.Log(), "stopping when the last call has ended") {
				return errors.New("it says nothing of it")
			}
			return nil
		})
		peer.Eval[bool](t, b, `(() => { document.querySelector("#mute").click(); return true })()`)
		peer.Silent(t, "the phone", phone.Recording(), 700)
		peer.Eval[bool](t, b, `(() => { document.querySelector("#mute").click(); return true })()`)
		peer.Hears(t, "the phone", phone.Recording(), 700) // what is said now
		phone.Hangup(t)
		l.Ended(t)
	})
}

// narrow lets the browser's group send to TURN and the page's server, and nowhere else.
const narrow = `
table inet narrow {
	chain output {
		type filter hook output priority 0;
		meta skgid != %[1]d accept
		udp dport 3478 accept
		meta l4proto udp counter drop
		tcp flags & (syn | ack) == syn tcp dport { 3478, %[2]d } accept
		tcp flags & (syn | ack) == syn counter drop
	}
}`

const browsers = 47110 // the group, which is nobody's

// A page as it is talks where a firewall drops all but 3478 and the page's own server.
func TestAPageTalksWhereAllElseIsDropped(t *testing.T) {
	if !peer.OwnNetwork(t, "nft add table inet probe", "nft", "setpriv", "chromium", "baresip") {
		return
	}
	l := open(t, map[string]string{"turn.listen": "127.0.0.1:3478", "turn.tls_listen": "off"})
	peer.Run(t, fmt.Sprintf(narrow, browsers, l.API), "nft", "-f", "-")
	chromium := filepath.Join(t.TempDir(), "chromium")
	text := fmt.Sprintf("#!/bin/sh\nexec setpriv --regid %d --clear-groups chromium \"$@\"\n", browsers)
	if err := os.WriteFile(chromium, []byte(text), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	b, phone := l.page(t, peer.ChromiumConfig{Program: chromium}, "relay udp")
	l.hangup(t, b, phone)
	if rules := peer.Run(t, "", "nft", "list", "ruleset"); !strings.Contains(rules, "counter packets") || strings.Contains(rules, "udp counter packets 0 ") {
		t.Errorf("nothing was dropped:\n%s", rules)
	}
}
