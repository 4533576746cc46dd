package sdk_test

import (
	"fmt"
	"testing"
)

// chats: two who talk in a room write to each other by their connections' data channels, and get
// nothing twice; one that floods waits alone; what is refused is said, and the call goes on.
func (s *scene) chats(t *testing.T) {
	s.does(t, `
		const made = await alice.rooms.create({ name: "Chat" });
		window.room = await alice.rooms.join(made.id);
		window.guest = await bob.rooms.join(made.id);
		window.written = [];
		for (const [name, client, r] of [["alice", alice, room], ["bob", bob, guest]]) {
			client.on("frame", ({ type, body }) => type === "Message" && written.push(name + " by socket: " + body));
			client.on("message", ({ body }) => written.push(name + ": " + body));
			r.call.chat.on("message", ({ from, to, body }) => written.push(name + " from " + from + " to " + to + ": " + body));
		}
		window.packets = async ({ peerConnection }) => {
			let n = 0;
			for (const r of (await peerConnection.getStats()).values()) if (r.type === "inbound-rtp" && r.kind === "audio") n += r.packetsReceived;
			return n;
		}`)
	s.waits(t, `room.call.chat.open && guest.call.chat.open && room.participants.length === 2`)
	s.does(t, `await room.send("hello")`)
	s.waits(t, `written.includes("bob from alice to room:" + room.id + ": hello")`)
	s.does(t, `await guest.send("hello yourself")`)
	s.waits(t, `written.includes("alice from bob to room:" + room.id + ": hello yourself")`)
	if kept := s.does(t, `return (await bob.messages({ room: room.id })).map((m) => m.from + " " + m.body).join()`); kept != "bob hello yourself,alice hello" {
		t.Errorf("kept: %s", kept)
	}

	// Each of alice's messages is refused, and all but the first hundreds wait; bob's do not.
	s.does(t, `
		window.refused = [];
		window.flood = Promise.all(Array.from({ length: 1000 }, () => room.send(" ").catch((e) => refused.push(e.name + " " + e.code))));
		window.before = await packets(guest.call);
		await guest.send("beside the flood")`)
	s.waits(t, `written.includes("alice from bob to room:" + room.id + ": beside the flood")`)
	s.waits(t, `packets(guest.call).then((n) => n > before + 50)`)
	s.does(t, `await flood`)
	if got := s.does(t, `return refused.length + " " + [...new Set(refused)].join()`); got != "1000 FrameError invalid" {
		t.Errorf("the flood: %s", got)
	}
	if got := s.does(t, `return room.send("x".repeat(17 * 1024)).then(() => "sent", (e) => e.code)`); got != "too_large" {
		t.Errorf("17 KiB: %s", got)
	}
	if state := s.does(t, `return [room.call.state, room.call.chat.open, guest.call.state].join()`); state != "active,true,active" {
		t.Errorf("afterwards: %s", state)
	}
	for _, want := range []string{"alice: hello yourself", "alice: beside the flood", "bob: hello"} {
		if got := s.does(t, fmt.Sprintf("return written.filter((w) => w === %q).length", want)); got != "1" {
			t.Errorf("%q was told %s times", want, got)
		}
	}
	if got := s.does(t, `return written.filter((w) => w.includes("by socket")).join()`); got != "" {
		t.Errorf("beside the channel: %s", got)
	}

	// Without the channel it goes as all messages do.
	s.does(t, `guest.call.chat.close(); await guest.send("by the socket")`)
	s.waits(t, `written.includes("alice from bob to room:" + room.id + ": by the socket")`)
	// The server may hear of the channel's end after the first of these.
	s.waits(t, `room.send("by the channel").then(() => written.includes("bob by socket: by the channel"))`)
	s.waits(t, `written.includes("bob from alice to room:" + room.id + ": by the channel")`)
	s.does(t, `await guest.leave(); await room.leave(); await alice.rooms.remove(room.id)`)
}

// waited: what was written to who was away is told when they come, once, whether things are pushed to
// them or asked for; also what is more than the server pushes at once. Who comes again is told none of it.
func (s *scene) waited(t *testing.T, dave, erin string) {
	const each = 60 // of two authors: more than a hundred are pushed to nobody, nor do more of one wait
	s.does(t, fmt.Sprintf(`
		for (const to of ["dave", "erin"]) for (let i = 0; i < %d; i++) {
			await alice.sendMessage(to, "alice " + i);
			await bob.sendMessage(to, "bob " + i);
		}
		window.come = async (token, environment = {}) => {
			const client = new sdk.Client({ token, environment }), told = [];
			client.on("message", ({ body }) => told.push(body));
			await client.connect();
			return { client, told };
		};
		window.late = [await come(%q), await come(%q, { WebSocket: undefined })]`, each, dave, erin))
	s.waits(t, fmt.Sprintf(`late.every(({ told }) => told.length >= %d)`, 2*each))
	// None of them waits any more, by the server's word.
	s.waits(t, `Promise.all(late.map(({ client }) => client.api.request("GET", "/messages?waiting=true"))).then((all) => all.every(({ items }) => items.length === 0))`)
	s.does(t, `for (const to of ["dave", "erin"]) await alice.sendMessage(to, "later")`)
	s.waits(t, `late.every(({ told }) => told.includes("later"))`)
	if got := s.does(t, `return late.map(({ told }) => told.length + " " + new Set(told).size).join()`); got != fmt.Sprintf("%[1]d %[1]d,%[1]d %[1]d", 2*each+1) {
		t.Errorf("told, and how many of it are different: %s", got)
	}
	s.waits(t, `Promise.all(late.map(({ client }) => client.api.request("GET", "/messages?waiting=true"))).then((all) => all.every(({ items }) => items.length === 0))`)
	s.does(t, fmt.Sprintf(`
		for (const { client } of late) client.close();
		for (const to of ["dave", "erin"]) await alice.sendMessage(to, "while they were away");
		late = [await come(%q), await come(%q, { WebSocket: undefined })]`, dave, erin))
	s.waits(t, `late.every(({ told }) => told.length > 0)`)
	if got := s.does(t, `return late.map(({ told }) => told.join("+")).join()`); got != "while they were away,while they were away" {
		t.Errorf("who comes again is told: %s", got)
	}
	s.does(t, `for (const { client } of late) client.close()`)
}
