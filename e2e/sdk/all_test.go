package sdk_test

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// scene is one server, one browser with the SDK as alice and as bob, and two phones.
type scene struct {
	b           *peer.Browser
	desk, other *peer.BaresipPeer
}

// does runs steps in the page, and gives what they return as text.
func (s *scene) does(t *testing.T, steps string) string {
	t.Helper()
	return peer.Eval[string](t, s.b, "(async () => { "+steps+" })().then((r) => String(r ?? ''))")
}

// waits until an expression holds in the page.
func (s *scene) waits(t *testing.T, expression string) {
	t.Helper()
	peer.Eventually(t, expression, func() error {
		if got := peer.Eval[string](t, s.b, "(async () => String(!!("+expression+")))()"); got != "true" {
			return fmt.Errorf("%s: %s", got, peer.Eval[string](t, s.b, "JSON.stringify(window.said)"))
		}
		return nil
	})
}

// TestAll: what the README says of calls, rooms, presence, messages, devices and statistics, with
// a WebSocket and without one.
func TestAll(t *testing.T) {
	s := server.Start(t, server.Config{})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) {
		p := &scene{}
		phone := func(user string, hz int) *peer.BaresipPeer {
			made := peer.Baresip(t, peer.BaresipConfig{
				User: user, Password: s.Password(t, user), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
				Register: true, Answer: true, Codecs: []string{"PCMU"}, Tone: hz,
			})
			made.Registered(t)
			return made
		}
		p.desk, p.other = phone("1001", 500), phone("1002", 900)
		p.b = peer.Chromium(t, peer.ChromiumConfig{Tone: 700})
		p.b.Open(t, s.URL("/#"))
		p.does(t, fmt.Sprintf(`
			window.sdk = await import("/sdk/skybridge.js");
			window.said = [];
			window.alice = await sdk.connect({ token: %q });
			window.bob = await sdk.connect({ token: %q });
			window.polling = await sdk.connect({ token: %q, environment: { WebSocket: undefined } });
			for (const client of [alice, bob]) if (!client.pushed) await client.next("connection")`,
			s.Token(t, "alice"), s.Token(t, "bob"), s.Token(t, "carol")))
		if !t.Run("calls", p.calls) {
			return
		}
		if !t.Run("transfer", p.transfer) {
			return
		}
		t.Run("rooms", p.rooms)
		t.Run("chat", p.chats)
		t.Run("messages", p.messages)
		dave, erin := s.Token(t, "dave"), s.Token(t, "erin")
		t.Run("messages that waited", func(t *testing.T) { p.waited(t, dave, erin) })
		t.Run("polling", p.polls)
		p.does(t, "for (const client of [alice, bob, polling]) client.close()")
	})
	s.Idle(t, before)
}

func (s *scene) calls(t *testing.T) {
	if kinds := s.does(t, `const all = await alice.devices.list(); return [...new Set(all.map((d) => d.kind))].sort().join()`); kinds != "camera,microphone,speaker" {
		t.Errorf("devices: %s", kinds)
	}
	s.does(t, `window.call = await alice.call("1001"); call.on("participants", () => said.push("participants"))`)
	s.desk.Established(t)
	peer.Hears(t, "1001", s.desk.Recording(), 700)
	peer.Hears(t, "the page", s.b.Recording(), 500)
	if sinks := s.does(t, `
		const sinks = [], player = { setSinkId: async (id) => { sinks.push(id); } };
		const stop = alice.devices.plays(player);
		await alice.devices.choose("speaker", "x");
		stop();
		await alice.devices.choose("speaker", "");
		return sinks.join()`); sinks != "x" {
		t.Errorf("speakers: %s", sinks)
	}
	if other := s.does(t, `
		const before = call.local.getAudioTracks()[0];
		const { id } = (await alice.devices.list()).findLast((d) => d.kind === "microphone");
		await alice.devices.choose("microphone", id);
		await call.use("microphone");
		const now = call.local.getAudioTracks()[0];
		return [before.readyState, now.readyState, now.getSettings().deviceId === id].join()`); other != "ended,live,true" {
		t.Errorf("another microphone: %s", other)
	}
	s.does(t, `await alice.devices.choose("microphone", ""); await call.use("microphone")`)
	peer.Hears(t, "1001", s.desk.Recording(), 700)

	s.does(t, "await call.mute()")
	s.waits(t, `call.muted && call.body.participants.some((p) => p.muted)`)
	peer.Silent(t, "1001", s.desk.Recording(), 700)
	s.does(t, "await call.unmute()")
	s.waits(t, `!call.muted && !call.body.participants.some((p) => p.muted)`)
	peer.Hears(t, "1001", s.desk.Recording(), 700)

	s.does(t, `
		const pc = call.peerConnection, { getStats, restartIce } = pc;
		window.looks = window.restarts = 0;
		window.packets = async () => [...(await getStats.call(pc)).values()].find((r) => r.type === "inbound-rtp").packetsReceived;
		pc.getStats = (...which) => { looks++; return getStats.apply(pc, which); };
		pc.restartIce = () => { restarts++; restartIce.call(pc); };`)
	s.waits(t, "looks >= 12") // three seconds in which audio came
	s.does(t, "await call.hold()")
	peer.Silent(t, "the page that holds", s.b.Recording(), 500) // a phone without music records nothing
	s.does(t, "window.before = await packets(); looks = 0")
	s.waits(t, "looks >= 32") // eight seconds, in which nothing comes: that is no lost path
	if got := s.does(t, "return [await packets() - before, restarts, call.state]"); got != "0,0,active" && got != "0,1,active" {
		t.Errorf("packets, ICE restarts and state of a call on hold: %s", got)
	}
	s.does(t, "await call.unhold()")
	peer.Hears(t, "the page", s.b.Recording(), 500) // what 1001 hears it records no more; 1002 does, below
	if listed := s.does(t, `return (await alice.list()).map((c) => c.id).join() === call.id`); listed != "true" {
		t.Error("the user's calls are not the one that is under way")
	}

	s.does(t, `await call.add("1002")`)
	s.other.Established(t)
	peer.Hears(t, "1002", s.other.Recording(), 500)
	peer.Hears(t, "1002", s.other.Recording(), 700)
	s.waits(t, `call.body.participants.filter((p) => p.state === "connected").length === 3 && said.includes("participants")`)
	s.does(t, `const added = call.body.participants.find((p) => p.endpoint.endsWith("/1002")); await call.remove(added.id)`)
	s.other.Closed(t)
	s.does(t, "await call.statistics()")
	s.waits(t, `call.statistics().then(({ received, sent, localCandidate }) => received[0].codec === "audio/opus" && received[0].bitrate > 0 &&
		sent[0].packets > 0 && localCandidate !== "")`)
	s.does(t, `await call.sendDigits("12#"); await call.hangUp()`)
	s.desk.Closed(t)
}

func (s *scene) transfer(t *testing.T) {
	s.does(t, `window.call = await alice.call("1001")`)
	s.desk.Established(t)
	s.waits(t, `call.state === "active"`)
	s.does(t, `await call.transfer("1002")`)
	s.other.Established(t)
	s.waits(t, `call.state === "ended"`)
	peer.Hears(t, "1002", s.other.Recording(), 500)
	peer.Hears(t, "1001", s.desk.Recording(), 900)
	s.other.Hangup(t)
	s.desk.Closed(t)
}

func (s *scene) rooms(t *testing.T) {
	s.does(t, `
		const made = await alice.rooms.create({ name: "All", settings: { allow_recording: true } });
		window.room = await alice.rooms.join(made.id);
		room.on("event", ({ event }) => said.push(event));
		window.guest = await bob.rooms.join(made.id);
		guest.on("ended", () => said.push("bob is out"));
		await room.invite("SIP/1001")`)
	s.desk.Established(t)
	peer.Hears(t, "1001", s.desk.Recording(), 700)
	s.waits(t, `room.participants.length === 3 && said.includes("joined")`)
	if refused := s.does(t, `
		const canvas = document.createElement("canvas");
		canvas.getContext("2d").fillRect(0, 0, 10, 10);
		const refused = await guest.call.shareScreen(canvas.captureStream(5)).then(() => "shared", (e) => e.status + " " + e.code);
		await guest.call.startCamera();
		await guest.call.stopCamera();
		return refused + " " + guest.call.state`); refused != "403 screen_share_forbidden active" {
		t.Errorf("a screen in a room where only moderators share theirs: %s", refused)
	}
	s.does(t, `
		alice.on("message", ({ to, from, body }) => said.push([to === "room:" + room.id, from, body].join()));
		await bob.sendMessage("room:" + room.id, "to all")`)
	s.waits(t, `said.includes("true,bob,to all")`)
	if body := s.does(t, `const [last] = await alice.messages({ room: room.id }); return last.body`); body != "to all" {
		t.Errorf("the latest message of the room is %q", body)
	}
	const find = `const of = (user) => room.participants.find((p) => p.user_id === user).id;`
	s.does(t, find+`await room.setRole(of("bob"), "moderator")`)
	s.waits(t, `guest.role === "moderator" && said.includes("role")`)
	s.does(t, find+`await room.setRole(of("bob"), "participant"); await room.muteParticipant(of("bob"))`)
	s.waits(t, `guest.participants.find((p) => p.user_id === "bob").muted`)
	s.does(t, find+`await room.unmuteParticipant(of("bob")); await room.lock(); await room.record()`)
	s.waits(t, `room.body.locked && said.includes("recording") && said.includes("changed")`)
	if refused := s.does(t, `return polling.rooms.join(room.id).then(() => "let in", (e) => e.name + " " + e.status)`); refused != "ApiError 409" && refused != "ApiError 403" {
		t.Errorf("a locked room: %s", refused)
	}
	s.does(t, find+`await room.stopRecording(); await room.unlock(); await room.kick(of("bob"))`)
	s.waits(t, `said.includes("bob is out") && said.includes("left")`)
	s.does(t, `await alice.rooms.change(room.id, { name: "Other" })`)
	s.waits(t, `alice.rooms.get(room.id).then((r) => r.name === "Other")`)
	s.does(t, `await room.leave(); await alice.rooms.remove(room.id)`)
	s.desk.Closed(t)
}

func (s *scene) messages(t *testing.T) {
	s.does(t, `
		for (const [name, client] of Object.entries({ alice, bob, polling })) client.on("message", ({ from, body }) => said.push(name + " from " + from + ": " + body));
		bob.on("presence", ({ user_id, status, status_message }) => said.push([user_id, status, status_message].join()));
		bob.watchPresence("alice");
		await alice.setPresence("busy", "in a call");
		await alice.sendMessage("bob", "pushed");
		await polling.sendMessage("bob", "by REST");
		await alice.sendMessage("carol", "asked for")`)
	s.waits(t, `said.includes("alice,busy,in a call")`)
	for _, want := range []string{"bob from alice: pushed", "bob from carol: by REST", "polling from alice: asked for"} {
		s.waits(t, fmt.Sprintf("said.filter((s) => s === %q).length === 1", want))
	}
	if own := s.does(t, `return said.filter((s) => /^(alice from alice|polling from carol)/.test(s)).join()`); own != "" {
		t.Errorf("one's own: %s", own)
	}
	if body := s.does(t, `const [last] = await bob.messages({ with: "alice" }); return last.body`); body != "pushed" {
		t.Errorf("the latest message is %q", body)
	}
}

// polls: without a WebSocket a call is made and ended by the other, and one comes in.
func (s *scene) polls(t *testing.T) {
	if pushed := s.does(t, "return polling.pushed"); pushed != "false" {
		t.Fatal("there is a WebSocket")
	}
	s.does(t, `window.call = await polling.call("1001")`)
	s.desk.Established(t)
	peer.Hears(t, "1001", s.desk.Recording(), 700)
	s.waits(t, `call.state === "active"`)
	s.desk.Hangup(t)
	s.waits(t, `call.state === "ended"`)

	s.does(t, `polling.on("incoming", (incoming) => { window.incoming = incoming; }); window.call = await alice.call("WebRTC/carol")`)
	s.waits(t, `window.incoming?.caller === "alice"`)
	s.does(t, `window.taken = await incoming.accept()`)
	s.waits(t, `taken.state === "active" && call.state === "active"`)
	s.does(t, `await taken.hangUp()`)
	s.waits(t, `call.state === "ended"`)
}
