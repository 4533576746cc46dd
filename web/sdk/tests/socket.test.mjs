import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { Client } from "../dist/skybridge.js";
import { Server } from "./contract.mjs";

const token = `x.${Buffer.from(JSON.stringify({ sub: "anna" })).toString("base64url")}.y`;
let server;
before(async () => { server = await new Server().start(); server.on("GET /calls", () => [200, { items: calls }]); });
after(() => server.stop());
let calls = [];

async function client(environment = { WebSocket }) {
  const made = new Client({ url: server.url, token, environment: { ...environment, network: {} } });
  return made;
}

// pushed is a client whose socket is open.
async function pushed() {
  const made = await client();
  const open = made.next("connection");
  await made.connect();
  await open;
  return made;
}

test("the token goes by the subprotocol, never in the URL", async () => {
  const c = await pushed();
  assert.equal(server.protocol, `bearer,${token}`);
  c.close();
});

test("what was missed while the network was away is told, once", async () => {
  const c = await pushed();
  const told = [];
  c.on("presence", (p) => told.push(p.status));
  c.watchPresence("bob");
  const session = await server.until("the subscription", () => [...server.sessions.values()].findLast((s) => s.channels.has("presence:bob")));
  server.tell(session, { type: "Presence", user_id: "bob", status: "online" });
  await c.next("presence");
  const lost = c.next("connection");
  session.conn.terminate();
  assert.equal((await lost).pushed, false);
  server.tell(session, { type: "Presence", user_id: "bob", status: "busy" });
  const again = c.next("connection");
  c.networkChanged(); // the network says that it is back
  assert.equal((await again).pushed, true);
  assert.deepEqual(told, ["online", "busy"]);
  server.tell(session, { type: "Presence", user_id: "bob", status: "away" });
  await c.next("presence");
  assert.deepEqual(told, ["online", "busy", "away"]);
  c.close();
});

test("a session that is gone is begun again, with its channels", async () => {
  const c = await pushed();
  c.watchPresence("eve");
  const session = await server.until("the subscription", () => [...server.sessions.values()].findLast((s) => s.channels.has("presence:eve")));
  server.keeps = false;
  session.conn.terminate();
  const next = await server.until("a new subscription", () =>
    [...server.sessions.values()].find((s) => s !== session && s.channels.has("presence:eve")));
  server.keeps = true;
  server.tell(next, { type: "Presence", user_id: "eve", status: "online" });
  assert.equal((await c.next("presence")).status, "online");
  c.close();
});

test("what a server refuses is an error of whoever asked", async () => {
  const c = await pushed();
  await c.setPresence("online", "here");
  const sent = server.received.findLast((f) => f.type === "PresenceUpdate");
  assert.equal(sent.status, "online");
  assert.equal(sent.user_id, "anna");
  c.close();
  await assert.rejects(c.setPresence("away"), { name: "FrameError", code: "lost" });
});

test("messages are others', and told once", async () => {
  const c = await pushed();
  const told = [];
  c.on("message", ({ body }) => told.push(body));
  await c.sendMessage("bob", "mine");
  const session = await server.until("the session", () => [...server.sessions.values()].findLast((s) => s.conn.readyState === 1));
  for (const id of ["m2", "m1", "m2"]) server.tell(session, { type: "Message", id, from: "bob", to: "anna", body: id });
  server.tell(session, { type: "Presence", user_id: "bob", status: "online" }); // comes behind them
  await c.next("presence");
  assert.deepEqual(told, ["m2", "m1"]);
  c.close();
});

for (const [how, environment] of [["pushed", { WebSocket }], ["asked for", { WebSocket: undefined }]]) {
  test(`a call that rings is told and taken back, ${how}`, async () => {
    calls = [];
    const c = await client(environment);
    const open = environment.WebSocket ? c.next("connection") : null;
    await c.connect();
    await open;
    const ringing = {
      id: "0192-1", status: "ringing", created_by: "bob", metadata: {}, call_type: "audio",
      participants: [{ id: "p1", user_id: "anna", state: "ringing", role: "callee" }],
    };
    const incoming = c.next("incoming");
    calls = [ringing];
    if (open) {
      await server.until("the channel", () => [...server.sessions.values()].find((s) => s.channels.has("calls") && s.conn.readyState === 1));
      server.publish("calls", { type: "Call", event: "ringing", call_id: ringing.id, call: ringing });
    }
    const ring = await incoming;
    assert.equal(ring.caller, "bob");
    assert.equal(c.incoming.length, 1);
    const over = c.next("incomingEnded");
    calls = [];
    if (open) server.publish("calls", { type: "Call", event: "ended", call_id: ringing.id, call: { ...ringing, status: "ended" } });
    assert.equal((await over).id, ringing.id);
    assert.deepEqual(c.incoming, []);
    c.close();
  });
}

test("what does not ring for this user is no incoming call", async () => {
  const rings = (status, ...participants) => ({ id: `none-${calls.length}`, status, participants, metadata: {} });
  const me = (state, role = "callee", user_id = "anna") => ({ user_id, state, role });
  calls = [];
  for (const call of [
    rings("ringing", me("ringing", "caller")), rings("ended", me("ringing")), rings("ringing", me("ringing", "callee", "bob")),
    rings("ringing", me("connected")), { id: "bare", status: "ringing", metadata: {} }, rings("ringing", me("ringing", "callee", null)),
  ]) calls.push(call);
  const c = await client({ WebSocket: undefined });
  await c.connect();
  assert.deepEqual(c.incoming, []);
  c.close();
});

test("the user of a token", async () => {
  calls = [];
  const jwt = (claims) => `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.y`;
  for (const [credentials, user] of [
    [jwt({ sub: "Zoë ÿ?>" }), "Zoë ÿ?>"], [async () => jwt({ sub: "bob" }), "bob"], [jwt({}), ""], [jwt({ sub: 7 }), ""], ["a.!!!.c", ""],
    ["key", ""], [{ apiKey: "k" }, ""],
  ]) {
    const c = new Client({ url: server.url, token: credentials, environment: { WebSocket: undefined, network: {} } });
    await c.connect();
    assert.equal(c.user, user);
    c.close();
  }
});

test("a call that is being accepted does not ring again", async () => {
  const ringing = {
    id: "0192-2", status: "ringing", created_by: "bob", metadata: {}, call_type: "audio",
    participants: [{ id: "p1", user_id: "anna", state: "ringing", role: "callee" }],
  };
  calls = [ringing];
  const c = await client({ WebSocket: undefined, mediaDevices: { getUserMedia: () => Promise.reject(new Error("denied")) } });
  await c.connect();
  let times = 0;
  c.on("incoming", () => times++);
  const [ring] = c.incoming;
  const refused = assert.rejects(ring.accept(), { message: "denied" });
  assert.deepEqual(c.incoming, []);
  await refused;
  await c.next("incoming"); // it was not taken, so it rings on
  assert.equal(times, 1);
  await ring.decline().catch(() => undefined); // the server of this test knows no such call
  await server.until("the next look", () => server.requests.filter((r) => r.path === "/calls").length > 3);
  assert.deepEqual(c.incoming, []);
  c.close();
});
