import assert from "node:assert/strict";
import { test } from "node:test";
import { RTCPeerConnection } from "werift";
import { WebSocket } from "ws";
import { Client } from "../dist/skybridge.js";
import { camera, connected, last, microphone, ready, server, talk, token } from "./scene.mjs";

// active is a call that is connected, both here and by the server's word.
async function active() {
  const { made, remote } = await talk();
  await connected(remote.pc);
  if (made.state !== "active") await new Promise((done) => made.on("state", ({ state }) => state === "active" && done()));
  return { made, remote };
}

const never = new Promise(() => undefined); // as what a browser was asked before it closed the connection

for (const [when, hold] of [
  ["the network is away", ({ remote }, asked) => { remote.meet = () => { asked(); return null; }; }],
  ["the browser makes the offer", ({ made }, asked) => { made.peerConnection.createOffer = () => { asked(); return never; }; }],
  ["the browser sets the answer", ({ made }, asked) => { made.peerConnection.setRemoteDescription = () => { asked(); return never; }; }],
  ["the server refuses", ({ made, remote }, asked) => {
    remote.meet = async () => {
      asked();
      if (made.state !== "ended") await new Promise((done) => made.on("state", ({ state }) => state === "ended" && done()));
      return [403, { status: 403, code: "screen_share_forbidden", detail: "only moderators share their screen here" }];
    };
  }],
]) {
  test(`a screen is not shared where the call ends while ${when}`, async () => {
    const { made, remote } = await active();
    const asked = new Promise((done) => hold({ made, remote }, done));
    const screen = camera("screen");
    const refused = assert.rejects(made.shareScreen(screen), { message: "the call has ended" });
    await asked;
    await made.hangUp();
    await refused;
    assert.equal(made.sharing, false);
    assert.equal(screen.getTracks()[0].readyState, "ended");
  });
}

test("a camera that the answer has no place for is not sent, and the call goes on", async () => {
  const { made, remote } = await active();
  const said = [];
  made.on("camera", ({ on }) => said.push(on));
  remote.meet = async (sdp, sent) => {
    const { payload: { sdp: answer } } = await remote.answer(sdp);
    return [201, { ...sent, reply: { payload: { type: "answer", sdp: answer.replace(/^m=video \d+/m, "m=video 0") } } }];
  };
  const own = camera();
  await assert.rejects(made.startCamera(own), { message: /the server does not take the camera/ });
  assert.equal(made.camera, null);
  assert.equal(own.getTracks()[0].readyState, "ended");
  assert.deepEqual(said, []);
  assert.equal(made.state, "active");
});

test("a read of messages that fails for now ends no call", async () => {
  const heard = [];
  let reads = 0;
  const { client } = await ready(() => {
    const message = { seq: 800, call_id: last(), message_type: "ice_candidate", payload: { candidate: "read", sdpMid: "0" } };
    server.on(`GET /calls/${last()}/signaling`, () => [
      [503, { status: 503, detail: "no database" }], [429, { status: 429, detail: "later" }, { "Retry-After": "1" }],
    ][reads++] ?? [200, { items: [message] }]);
  }, { addIceCandidate: async (c) => { heard.push(c.candidate); } }, WebSocket);
  await server.until("the channel", () => [...server.sessions.values()].find((s) => s.conn.readyState === 1));
  const made = await client.call("1001", { local: microphone() });
  await server.until("the reads", () => reads >= 3);
  for (let i = 0; heard.length === 0 && i < 600; i++) await new Promise((done) => setTimeout(done, 100));
  assert.deepEqual(heard, ["read"]);
  assert.ok(!["ended", "failed"].includes(made.state), made.state);
  assert.equal(server.requests.some((r) => r.path === `/calls/${last()}/end`), false);
});

test("a call goes on by asking where its client is closed", async () => {
  const heard = [];
  const { client, remote } = await ready(undefined, { addIceCandidate: async (c) => { heard.push(c.candidate); } }, WebSocket);
  await server.until("the channel", () => [...server.sessions.values()].find((s) => s.conn.readyState === 1));
  const made = await client.call("1001", { local: microphone() });
  await server.until("what was before is read", () => server.requests.some((r) => r.path === `/calls/${last()}/signaling` && r.query.get("wait") === "0"));
  client.close();
  remote.tell("ice_candidate", { candidate: "asked for", sdpMid: "0" });
  for (let i = 0; heard.length === 0 && i < 600; i++) await new Promise((done) => setTimeout(done, 100));
  assert.deepEqual(heard, ["asked for"]);
  await made.hangUp();
});

test("what is written and has no answer rejects in a while", async () => {
  const asked = [];
  let opened;
  const { client, remote } = await ready(undefined, {
    createOffer(...how) { // werift has data channels from the first offer on, or none
      opened ??= client.calls.get(last()).chat.next("open");
      return RTCPeerConnection.prototype.createOffer.apply(this, how);
    },
  });
  const channel = new Promise((done) => remote.pc.onDataChannel.subscribe(done));
  const made = await client.call("1001", { local: microphone() });
  (await channel).onMessage.subscribe((text) => asked.push(JSON.parse(text)));
  assert.equal(await opened, true);
  const { setTimeout } = globalThis;
  let late;
  globalThis.setTimeout = (then, ms, ...given) => (ms === 20_000 ? void (late = then) : setTimeout(then, ms, ...given));
  const refused = assert.rejects(made.chat.send("hello"), { name: "FrameError", code: "timeout" });
  globalThis.setTimeout = setTimeout;
  late();
  await refused;
  for (let i = 0; asked.length === 0 && i < 600; i++) await new Promise((done) => setTimeout(done, 100));
  (await channel).send(JSON.stringify({ type: "Message", in_reply_to: asked[0].id, id: "m1", body: "hello" })); // late
  const said = made.chat.send("again");
  for (let i = 0; asked.length === 1 && i < 600; i++) await new Promise((done) => setTimeout(done, 100));
  (await channel).send(JSON.stringify({ type: "Message", in_reply_to: asked[1].id, id: "m2", body: "again" }));
  assert.equal((await said).id, "m2");
});

test("who writes when the call has ended is told so by the server", async () => {
  const { made } = await active();
  await made.hangUp();
  await assert.rejects(made.chat.send("too late"), { name: "ApiError", status: 404 });
  assert.equal(made.chat.open, false);
});

test("a client that is closed looks at no devices any more", async () => {
  let looks = 0;
  const mediaDevices = Object.assign(new EventTarget(), { enumerateDevices: async () => { looks++; return []; } });
  const client = new Client({ url: server.url, token, environment: { WebSocket: undefined, network: {}, mediaDevices } });
  const changed = client.devices.next("change");
  mediaDevices.dispatchEvent(new Event("devicechange"));
  assert.deepEqual(await changed, []);
  client.close();
  mediaDevices.dispatchEvent(new Event("devicechange"));
  assert.equal(looks, 1);
});
