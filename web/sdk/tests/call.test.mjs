import assert from "node:assert/strict";
import { test } from "node:test";
import { MediaStream, MediaStreamTrack } from "werift";
import { ApiError, Client, Meter } from "../dist/skybridge.js";
import { WebSocket } from "ws";
import { camera, connected, last, microphone, ready, server, talk, token } from "./scene.mjs";

test("a call connects by one offer, and ends where it is hung up", async () => {
  const { made, remote, client } = await talk();
  await connected(remote.pc);
  assert.equal(remote.offers.length, 1);
  assert.equal(client.calls.get(made.id), made);
  const over = new Promise((done) => made.on("state", ({ state }) => state === "ended" && done()));
  await made.hangUp();
  await over;
  assert.equal(remote.status, "ended");
  assert.equal(client.calls.size, 0);
});

test("whom a moderator has muted stays so", async () => {
  const { made, remote } = await talk();
  await connected(remote.pc);
  const [track] = made.local.getAudioTracks();
  await made.mute();
  assert.deepEqual([made.muted, track.enabled], [true, false]);
  const path = `POST /calls/${made.id}/signaling`, signaling = server.routes.get(path);
  server.on(path, (request) => request.body.message_type === "unmute"
    ? [403, { status: 403, code: "muted_by_moderator", detail: "a moderator has muted you" }] : signaling(request));
  await assert.rejects(made.unmute(), { code: "muted_by_moderator" });
  assert.deepEqual([made.muted, track.enabled], [true, false]);
  server.on(path, signaling);
  await made.unmute();
  assert.deepEqual([made.muted, track.enabled], [false, true]);
});

test("who hangs up is silent at once, and out when the server knows, or cannot be told", async () => {
  const { made, remote } = await talk();
  const said = [];
  made.on("state", ({ state, cause }) => said.push(`${state} ${cause}`.trim()));
  let answer;
  const asked = new Promise((told) => {
    server.on(`POST /calls/${made.id}/end`, () => {
      told();
      return new Promise((done) => { answer = done; });
    });
  });
  const leaving = made.hangUp();
  assert.equal(made.hangUp(), leaving);
  await asked;
  assert.equal(made.local.getTracks()[0].readyState, "ended");
  assert.deepEqual(said.filter((s) => s.startsWith("ended")), []);
  answer([200, {}]);
  await leaving;
  assert.equal(said.at(-1), "ended");
  assert.equal(made.state, "ended");
  await made.hangUp();

  const { made: other } = await talk();
  server.on(`POST /calls/${other.id}/end`, () => [503, { status: 503, detail: "no database" }]);
  await assert.rejects(other.hangUp(), { status: 503 });
  assert.equal(other.state, "ended");
  assert.ok(remote);
});

test("an offer that goes by a network which has gone is made anew by the one that is there", async () => {
  let gone = false;
  let hangs;
  const hung = new Promise((done) => { hangs = done; });
  const { client, remote } = await ready(undefined, {}, undefined, (url, init) => {
    if (!gone || !init.body?.includes('"offer"')) return fetch(url, init);
    return new Promise((_, reject) => { // as fetch does by a connection that nobody has closed
      init.signal.addEventListener("abort", () => reject(new Error("aborted")));
      hangs();
    });
  });
  const made = await client.call("1001", { local: microphone() });
  await connected(remote.pc);
  await connected(made.peerConnection);
  gone = true;
  client.networkChanged();
  await hung;
  gone = false;
  while (remote.offers.length < 2) { // until the attempt is old enough to be given up
    client.networkChanged();
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.notEqual(remote.offers[1], remote.offers[0]);
});

// heard has a connection's statistics be a test's: what state says of audio, and of ICE's checks on
// the pair in use. looks resolves once they have been looked at so often more.
function heard(state) {
  const own = {
    getStats: () => {
      state.looks = (state.looks ?? 0) + 1;
      state.look?.();
      return Promise.resolve(new Map([
        ["a", { id: "a", type: "inbound-rtp", kind: "audio", packetsReceived: state.audio }],
        ["t", { id: "t", type: "transport", selectedCandidatePairId: state.path }],
        ["old", { id: "old", type: "candidate-pair", state: "succeeded", responsesReceived: state.checks, requestsReceived: 0 }],
        ["new", { id: "new", type: "candidate-pair", state: "succeeded", responsesReceived: state.others, requestsReceived: 0 }],
      ]));
    },
  };
  const looks = (n) => new Promise((done) => {
    const end = (state.looks ?? 0) + n;
    const step = state.step;
    state.look = () => {
      step?.();
      if (state.looks >= end) done();
    };
  });
  return { own, looks };
}

test("audio that stops is a lost path, but where that is seen to be there", async () => {
  const state = { audio: 0, checks: 1, others: 1, path: "old" };
  const { own, looks } = heard(state);
  const { client, remote } = await ready(undefined, own);
  const made = await client.call("1001", { local: microphone() });
  await connected(made.peerConnection);
  const phase = async (n, step) => { state.step = step; await looks(n); };
  const talks = () => { state.audio += 12; };
  await phase(10, talks);
  await phase(3, () => undefined);
  state.checks++; // the other side is on hold
  await phase(12, () => undefined);
  assert.equal(remote.offers.length, 1);

  await phase(10, talks);
  await phase(2, () => undefined);
  state.others++; // of another pair, that the browser found by itself
  state.path = "new";
  await phase(8, () => undefined);
  assert.ok(remote.offers.length > 1, "nothing comes");
  while (made.peerConnection.signalingState !== "stable") await looks(1);
  state.others++; // that which was looked for
  await looks(6);
  const offers = remote.offers.length;
  await phase(20, () => undefined); // and yet no audio: it is at rest
  assert.equal(remote.offers.length, offers);
  await phase(10, talks);
  await phase(12, () => undefined); // once it rested on a path that was there, its end says less
  assert.equal(remote.offers.length, offers);
});

test("the server's hangup says why", async () => {
  const { made, remote } = await talk();
  const over = new Promise((done) => made.on("state", ({ state, cause }) => state === "ended" && done(cause)));
  remote.status = "ended";
  remote.cause = "User busy";
  remote.tell("hangup", { cause: 17, cause_text: "User busy" });
  assert.equal(await over, "User busy");
});

test("a call that ends before there is an offer is over, though the offer never comes", async () => {
  let asked;
  const offering = new Promise((done) => { asked = done; });
  const never = new Promise(() => undefined); // as a browser's, once the connection is closed
  const { client } = await ready(undefined, { createOffer: () => { asked(); return never; } });
  const calling = client.call("1001", { local: microphone() });
  await offering;
  const [made] = client.calls.values();
  await made.hangUp();
  assert.equal(await calling, made);
  assert.equal(made.state, "ended");
});

test("a number is a phone's, in transfers and for who is added too", async () => {
  const { made } = await talk();
  for (const action of ["transfer", "participants"]) server.on(`POST /calls/${made.id}/${action}`, () => [200, { participants: [] }]);
  await made.transfer("1002");
  await made.add("1003", "WebRTC/bob");
  const bodies = server.requests.filter((r) => /(transfer|participants)$/.test(r.path)).map((r) => r.body);
  assert.deepEqual(bodies, [{ to: "SIP/1002" }, { participants: ["SIP/1003", "WebRTC/bob"] }]);
});

test("what is pushed while older messages are read comes after them", async () => {
  const heard = [];
  const candidate = (name) => ({ candidate: name, sdpMid: "0" });
  const { client, remote } = await ready((remote) => {
    const message = (seq, name) => ({ seq, call_id: last(), message_type: "ice_candidate", payload: candidate(name) });
    server.on(`GET /calls/${last()}/signaling`, async ({ query }) => {
      if (remote.read) return [200, { items: [] }];
      remote.read = true;
      server.publish("signaling", { type: "Signaling", call_id: last(), message: message(900, "pushed") });
      // It is there before the answer to this.
      await new Promise((done) => setImmediate(() => setImmediate(done)));
      return [200, { items: [message(800, "read")].filter((m) => m.seq > Number(query.get("after"))) }];
    });
  }, { addIceCandidate: async (c) => { heard.push(c.candidate); } }, WebSocket);
  await server.until("the channel", () => [...server.sessions.values()].find((s) => s.conn.readyState === 1));
  await client.call("1001", { local: microphone() });
  await client.calls.get(last()).statistics();
  for (let i = 0; heard.length < 2 && i < 600; i++) await new Promise((done) => setTimeout(done, 100));
  assert.deepEqual(heard, ["read", "pushed"]);
});

test("an offer of the server's is answered", async () => {
  const { remote } = await talk();
  await connected(remote.pc);
  remote.pc.addTransceiver("video", { direction: "sendonly" });
  await remote.pc.setLocalDescription(await remote.pc.createOffer());
  remote.tell("offer", { type: "offer", sdp: remote.pc.localDescription.sdp });
  await server.until("the answer", () => remote.answers.length > 0);
  assert.match(remote.answers[0], /m=video [1-9]/);
});

test("where two offers meet and ours is refused, theirs is answered and ours made again", async () => {
  const { made, remote } = await talk();
  await connected(remote.pc);
  remote.meet = async (sdp, sent) => {
    if (remote.answers.length > 0) return [201, { ...sent, reply: await remote.answer(sdp) }];
    if (remote.pc.signalingState === "stable") {
      await remote.pc.setLocalDescription(await remote.pc.createOffer());
      remote.tell("offer", { type: "offer", sdp: remote.pc.localDescription.sdp });
    }
    return [409, { status: 409, code: "conflict", detail: "an offer of the server's is under way" }];
  };
  if (made.state !== "active") await new Promise((done) => made.on("state", ({ state }) => state === "active" && done()));
  made.networkChanged();
  await server.until("both offers are answered", () => remote.answers.length === 1 && remote.offers.length >= 3);
  await connected(remote.pc);
});

test("of the server's offers, one that is older than ours is over, and one that is newer is answered", async () => {
  const { made, remote } = await talk();
  await connected(remote.pc);
  if (made.state !== "active") await new Promise((done) => made.on("state", ({ state }) => state === "active" && done()));
  remote.meet = async (sdp, sent) => {
    remote.meet = null;
    remote.tell("offer", { type: "offer", sdp: remote.messages[0].payload.sdp }); // given up for ours
    const { seq } = remote.tell("nothing", {});
    const reply = await remote.answer(sdp);
    remote.pc.addTransceiver("video", { direction: "sendonly" });
    await remote.pc.setLocalDescription(await remote.pc.createOffer());
    const newer = remote.tell("offer", { type: "offer", sdp: remote.pc.localDescription.sdp });
    await server.until("both are read", () => server.requests.some((r) => Number(r.query.get("after")) >= newer.seq));
    return [201, { ...sent, seq, reply }]; // behind them
  };
  made.networkChanged();
  await server.until("the answer", () => remote.answers.length > 0);
  await server.until("peace", () => remote.pc.signalingState === "stable");
  assert.equal(remote.answers.length, 1);
  assert.match(remote.answers[0], /m=video [1-9]/);
  assert.notEqual(made.state, "failed");
});

test("camera and screen come and go in sections of their own, and the screen's is named", async () => {
  const { made, remote } = await talk();
  await connected(remote.pc);
  const sections = (sdp) => sdp.split(/^(?=m=)/m).slice(1).filter((s) => s.startsWith("m=video"));
  const said = [];
  made.on("camera", ({ on }) => said.push(`camera ${on}`));
  made.on("screen", ({ on }) => said.push(`screen ${on}`));
  await made.startCamera(camera());
  await server.until("the camera's offer", () => remote.offers.length === 2);
  await made.shareScreen(camera());
  assert.equal(made.sharing, true);
  await server.until("the screen's offer", () => sections(remote.offers.at(-1)).length === 2);
  const [first, second] = sections(remote.offers.at(-1));
  assert.doesNotMatch(first, /a=content/);
  assert.match(second, /a=content:slides\r\n$/);
  assert.match(first, /a=sendonly/);
  await server.until("rest", () => made.peerConnection.signalingState === "stable");
  await made.stopCamera();
  assert.equal(made.camera, null);
  assert.deepEqual(said, ["camera true", "screen true", "camera false"]);
  const tracks = [made.peerConnection.getSenders()].flat().filter((s) => s.track?.kind === "video");
  assert.equal(tracks.length, 1);
});

test("a screen that may not be shared ends nothing, and a camera is sent after it", async () => {
  const { made, remote } = await talk();
  await connected(remote.pc);
  if (made.state !== "active") await new Promise((done) => made.on("state", ({ state }) => state === "active" && done()));
  remote.meet = async (sdp, sent) => {
    if (sdp.includes("a=content:slides")) return [403, { status: 403, code: "screen_share_forbidden", detail: "only moderators share their screen here" }];
    return [201, { ...sent, reply: await remote.answer(sdp) }];
  };
  const screen = camera("screen");
  await assert.rejects(made.shareScreen(screen), { status: 403, code: "screen_share_forbidden" });
  assert.equal(made.sharing, false);
  assert.equal(screen.getTracks()[0].readyState, "ended");
  assert.equal(made.state, "active");
  await made.startCamera(camera());
  assert.ok(made.camera);
  assert.equal(remote.offers.at(-1).includes("a=content"), false);
  await assert.rejects(made.shareScreen(camera("again")), { status: 403 });
  assert.equal(made.state, "active");
});

test("a stream's name says whose camera or screen it is", async () => {
  const { made, remote } = await talk();
  await connected(remote.pc);
  const came = made.next("video");
  const screen = new MediaStream([new MediaStreamTrack({ kind: "video" })]);
  screen.id = "0193e5a0-0000-7000-8000-000000000005:screen";
  remote.pc.addTrack(screen.getVideoTracks()[0], screen);
  await remote.pc.setLocalDescription(await remote.pc.createOffer());
  remote.tell("offer", { type: "offer", sdp: remote.pc.localDescription.sdp });
  const video = await came;
  assert.equal(video.participant, "0193e5a0-0000-7000-8000-000000000005");
  assert.equal(video.kind, "screen");
  assert.deepEqual(made.videos, [video]);
  assert.equal(made.streams.some((s) => s.id === screen.id), false);
  const over = made.next("videoEnded");
  await made.hangUp();
  assert.equal((await over).participant, video.participant);
});

test("an offer whose answer is lost is sent again", async () => {
  let lost = 0;
  const { remote } = await talk((r) => {
    r.meet = async (sdp, sent) => (lost++ === 0 ? null : [201, { ...sent, reply: await r.answer(sdp) }]);
  });
  await connected(remote.pc);
  assert.equal(remote.offers.length, 2);
  assert.equal(remote.offers[0], remote.offers[1]);
});

test("an answer that comes late is not taken for that to a later offer", async () => {
  const { made, remote } = await talk();
  await connected(remote.pc);
  const stale = remote.messages.find((m) => m.message_type === "answer").payload;
  if (made.state !== "active") await new Promise((done) => made.on("state", ({ state }) => state === "active" && done()));
  const ufrag = (sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)[1];
  remote.meet = async (sdp, sent) => {
    remote.tell("answer", stale); // it was on the way
    await server.until("the late answer is read", () => server.requests.some((r) => Number(r.query.get("after")) >= remote.messages.at(-1).seq));
    return [201, { ...sent, seq: remote.messages.at(-1).seq + 1, reply: await remote.answer(sdp) }];
  };
  made.networkChanged();
  await server.until("the restart", () => remote.offers.length === 2);
  await connected(remote.pc);
  await server.until("the answer is applied", () => ufrag(made.peerConnection.remoteDescription.sdp) === ufrag(remote.pc.localDescription.sdp));
  assert.notEqual(ufrag(made.peerConnection.remoteDescription.sdp), ufrag(stale.sdp));
});

test("a call that the server refuses to connect fails with its words", async () => {
  await assert.rejects(talk((r) => {
    r.meet = () => [406, { status: 406, code: "not_acceptable", detail: "no codec in common" }];
  }), { name: "ApiError", code: "not_acceptable", message: "no codec in common" });
});

test("nobody's phone rings without a microphone", async () => {
  const before = server.requests.length;
  const client = new Client({ url: server.url, token, environment: { WebSocket: undefined, network: {}, mediaDevices: { getUserMedia: () => Promise.reject(new Error("denied")) } } });
  await assert.rejects(client.call("1001"), { message: "denied" });
  assert.equal(server.requests.length, before);
});

test("requests: problems, pages, and one that is sent again does its work once", async () => {
  const { api } = new Client({ url: server.url + "/", token, environment: { WebSocket: undefined } });
  await assert.rejects(api.request("GET", "/none"), (e) => e instanceof ApiError && e.status === 404 && e.code === "not_found");
  server.on("GET /rooms", ({ query }) => [200, query.get("cursor") ? { items: [3] } : { items: [1, 2], next_cursor: "a b" }]);
  assert.deepEqual(await api.all("/rooms"), [1, 2, 3]);
  server.on("GET /proxy", () => [200, "<html>"]);
  await assert.rejects(api.request("GET", "/proxy"), { name: "ApiError" });
  server.on("GET /busy", () => [429, { detail: "later" }, { "Retry-After": "7" }]);
  await assert.rejects(api.request("GET", "/busy"), { retryAfter: 7 });
  let tries = 0;
  server.on("POST /once", () => (tries++ === 0 ? null : [201, {}]));
  await api.request("POST", "/once", { body: {}, once: true });
  const keys = server.requests.filter((r) => r.path === "/once").map((r) => r.headers["idempotency-key"]);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.ok(keys[0].length >= 16);
  const byKey = new Client({ url: server.url, token: { apiKey: "secret" }, environment: { WebSocket: undefined } });
  await byKey.api.all("/rooms");
  assert.equal(server.requests.at(-1).headers["x-api-key"], "secret");
  assert.equal(server.requests.at(-1).headers.authorization, undefined);
});

test("statistics: rates are between two looks", () => {
  const at = (timestamp, bytesReceived) => [
    { id: "i", type: "inbound-rtp", kind: "audio", timestamp, bytesReceived, packetsReceived: 50, packetsLost: 2, jitter: 0.004, codecId: "c" },
    { id: "o", type: "outbound-rtp", kind: "audio", timestamp, bytesSent: 0, packetsSent: 9, remoteId: "r" },
    { id: "r", type: "remote-inbound-rtp", timestamp, packetsLost: 5, jitter: 0.002 },
    { id: "c", type: "codec", timestamp, mimeType: "audio/opus" },
    { id: "t", type: "transport", timestamp, selectedCandidatePairId: "p" },
    { id: "p", type: "candidate-pair", timestamp, currentRoundTripTime: 0.03, localCandidateId: "l", remoteCandidateId: "m" },
    { id: "q", type: "candidate-pair", timestamp, currentRoundTripTime: 9, nominated: true, state: "succeeded" },
    { id: "l", type: "local-candidate", timestamp, candidateType: "host", protocol: "udp" },
    { id: "m", type: "remote-candidate", timestamp, candidateType: "prflx" },
  ];
  const meter = new Meter();
  assert.equal(meter.read(at(1000, 100)).received[0].bitrate, 0);
  const seen = meter.read(at(2000, 4100));
  assert.deepEqual(seen.received, [{ kind: "audio", codec: "audio/opus", bitrate: 32000, packets: 50, lost: 2, jitter: 4 }]);
  assert.deepEqual(seen.sent, [{ kind: "audio", codec: "", bitrate: 0, packets: 9, lost: 5, jitter: 2 }]);
  assert.deepEqual([seen.roundTrip, seen.localCandidate, seen.remoteCandidate, seen.protocol], [30, "host", "prflx", "udp"]);
});
