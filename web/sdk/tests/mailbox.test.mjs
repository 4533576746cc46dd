import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { WebSocket } from "ws";
import { Client } from "../dist/skybridge.js";
import { mailbox } from "./contract.mjs";
import { server, token } from "./scene.mjs";

let box;
let client;
let told;
beforeEach(() => {
  box = mailbox(server, 3);
  server.on("GET /calls", () => [200, { items: [] }]);
  server.requests = [];
});
afterEach(() => client.close());

// anna's client, that connects and keeps what it is told.
async function anna(environment = {}, credentials = token) {
  client = new Client({ url: server.url, token: credentials, environment: { network: {}, ...environment } });
  told = [];
  client.on("message", ({ body }) => told.push(body));
  await client.connect();
}

const asked = () => server.requests.filter((r) => r.path.startsWith("/messages"));
const looks = () => asked().filter((r) => r.method === "GET").length;
const looked = (more) => server.until("the looks", ((n) => () => looks() >= n)(looks() + more));

test("who was away and asks is told what was written, once", async () => {
  for (let i = 0; i < 8; i++) box.write("bob", `waits ${i}`);
  box.had.add(box.items[0].id).add(box.items[1].id); // of before
  const waits = [2, 3, 4, 5, 6, 7].map((i) => `waits ${i}`);
  await anna({ WebSocket: undefined });
  await server.until("they are had", () => box.had.size === 8);
  assert.deepEqual(told, waits);
  await looked(2);
  assert.deepEqual(told, waits);

  const sent = await client.sendMessage("bob", "mine");
  assert.equal(sent.body, "mine");
  box.had.add(box.write("eve", "had by another client").id);
  for (let i = 0; i < 4; i++) box.write("bob", `new ${i}`);
  await server.until("they are had", () => box.had.size === 13);
  const all = [...waits, "had by another client", "new 0", "new 1", "new 2", "new 3"];
  assert.deepEqual(told, all);
  await looked(2);
  assert.deepEqual(told, all);
});

test("who was away and is pushed to asks for nothing, and is told once", async () => {
  const { id, ...message } = box.write("bob", "waits");
  await anna({ WebSocket });
  const session = await server.until("the session", () => [...server.sessions.values()].findLast((s) => s.conn.readyState === 1 && s.channels.has("signaling")));
  for (const again of [id, id, "m999999"]) server.tell(session, { type: "Message", id: again, ...message });
  server.tell(session, { type: "Presence", user_id: "bob", status: "online" }); // behind them
  await client.next("presence");
  assert.deepEqual(told, ["waits", "waits"]);
  assert.deepEqual(asked(), []);
});

test("more than is pushed at once is asked for", async () => {
  const all = Array.from({ length: 8 }, (_, i) => box.write("bob", `waits ${i}`));
  await anna({ WebSocket });
  const session = await server.until("the session", () => [...server.sessions.values()].findLast((s) => s.conn.readyState === 1 && s.channels.has("signaling")));
  for (const message of all.slice(0, 2)) server.tell(session, { type: "Message", ...message });
  box.had.add(all[0].id); // the second is noted later
  server.tell(session, { type: "MessagesWaiting" });
  await server.until("they are had", () => box.had.size === 8);
  assert.deepEqual(told, all.map(({ body }) => body));
});

test("where the server is not told what was had, it is told again, and the messages are not", async () => {
  box.write("bob", "waits");
  const note = server.routes.get("POST /messages/had");
  let lost = 0;
  server.on("POST /messages/had", (request) => (lost++ === 0 ? [503, { status: 503, detail: "no database" }] : note(request)));
  await anna({ WebSocket: undefined });
  assert.match((await client.next("connection")).reason, /no database/);
  await server.until("it is had", () => box.had.size === 1);
  assert.deepEqual(told, ["waits"]);
});

test("nobody who listens to none has messages", async () => {
  box.write("bob", "waits");
  client = new Client({ url: server.url, token, environment: { network: {}, WebSocket: undefined } });
  await client.connect();
  await server.until("the looks", () => server.requests.filter((r) => r.path === "/calls").length > 1);
  assert.equal(box.had.size, 0);
  const message = client.next("message"); // late, and told nevertheless
  assert.equal((await message).body, "waits");
});

test("an API key, whose user is not known here, is told what waits; one for calls alone is not", async () => {
  box.write("bob", "waits");
  await anna({ WebSocket }, { apiKey: "secret" });
  await server.until("it is had", () => box.had.size === 1);
  assert.deepEqual(told, ["waits"]);
  client.close();
  server.on("GET /messages", () => [403, { status: 403, code: "forbidden", detail: "the key lacks messages:read" }]);
  const own = () => server.requests.filter((r) => r.headers["x-api-key"] === "calls");
  await anna({ WebSocket }, { apiKey: "calls" });
  await server.until("the looks", () => own().filter((r) => r.path === "/calls").length > 3);
  assert.equal(own().filter((r) => r.path.startsWith("/messages")).length, 1);
});
