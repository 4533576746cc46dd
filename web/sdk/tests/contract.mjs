// A small server that speaks the API's contract, for what the real one cannot be made to
// do: lose answers, meet an offer with its own, forget what was missed. It listens on
// loopback; its media is werift's.

import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { WebSocketServer } from "ws";
import { RTCPeerConnection } from "werift";

export class Server {
  requests = []; // what was asked: {method, path, headers, body}
  routes = new Map(); // "GET /path" to a function of the request that gives [status, body, headers]
  sessions = new Map(); // id to {frames, channels}
  conns = new Set();
  received = []; // frames of clients
  keeps = true; // what was missed
  #waiting = [];

  async start() {
    this.http = createServer((req, res) => void this.#answer(req, res));
    this.ws = new WebSocketServer({ server: this.http, path: "/ws/auth" });
    this.ws.on("connection", (conn, req) => this.#connected(conn, req));
    await new Promise((done) => this.http.listen(0, "127.0.0.1", done));
    this.url = `http://127.0.0.1:${this.http.address().port}`;
    return this;
  }

  async stop() {
    for (const conn of this.ws.clients) conn.terminate();
    this.ws.close();
    this.http.closeAllConnections();
    await new Promise((done) => this.http.close(done));
  }

  on(route, handler) {
    this.routes.set(route, handler);
  }

  async #answer(req, res) {
    let text = "";
    for await (const chunk of req) text += chunk;
    const { pathname, searchParams } = new URL(req.url, "http://x");
    const path = pathname.replace("/api/v1/voip", "");
    const request = { method: req.method, path, query: searchParams, headers: req.headers, body: text && JSON.parse(text), socket: req.socket };
    this.requests.push(request);
    this.#wake();
    const handler = this.routes.get(`${req.method} ${path}`);
    const answer = handler ? await handler(request) : [404, { status: 404, code: "not_found", detail: "no such thing" }];
    if (!answer) return req.socket.destroy(); // the answer is lost
    const [status, body, headers = {}] = answer;
    res.writeHead(status, { "Content-Type": "application/json", ...headers });
    res.end(typeof body === "string" ? body : JSON.stringify(body));
  }

  #connected(conn, req) {
    const own = { id: randomUUID(), frames: [], channels: new Set(), conn };
    let session = own;
    this.sessions.set(own.id, own);
    this.conns.add(conn);
    this.protocol = req.headers["sec-websocket-protocol"];
    this.tell(own, { type: "Welcome", session: own.id, user_id: "anna" });
    conn.on("message", (data) => {
      const frame = JSON.parse(data);
      this.received.push(frame);
      const reply = { in_reply_to: frame.id };
      switch (frame.type) {
        case "Subscribe":
          if (frame.channel === "presence:nobody") {
            this.tell(session, { type: "Error", code: "not_found", detail: "no channel", ...reply });
            break;
          }
          session.channels.add(frame.channel);
          this.tell(session, { type: "Subscribed", channel: frame.channel, ...reply });
          break;
        case "Unsubscribe":
          session.channels.delete(frame.channel);
          this.tell(session, { type: "Unsubscribed", channel: frame.channel, ...reply });
          break;
        case "Resume": {
          const before = this.sessions.get(frame.session);
          if (!this.keeps || !before) {
            this.tell(session, { type: "Gap", session: session.id, resumed: false, ...reply });
            break;
          }
          session = before;
          before.conn = conn;
          const missed = before.frames.filter((f) => f.seq > frame.after);
          for (const f of missed) conn.send(JSON.stringify(f));
          this.tell(before, { type: "Resumed", session: before.id, replayed: missed.length, ...reply });
          break;
        }
        default:
          this.tell(session, { type: frame.type, ...frame, ...reply, id: undefined });
      }
      this.#wake();
    });
    conn.on("close", () => { this.conns.delete(conn); this.#wake(); });
    this.#wake();
  }

  // tell numbers and keeps a frame, and sends it if somebody is there.
  tell(session, frame) {
    const numbered = { seq: session.frames.length + 1, timestamp: new Date().toISOString(), ...frame };
    session.frames.push(numbered);
    if (session.conn.readyState === 1) session.conn.send(JSON.stringify(numbered));
  }

  publish(channel, frame) {
    for (const session of this.sessions.values()) if (session.channels.has(channel)) this.tell(session, frame);
  }

  #wake() {
    for (const check of [...this.#waiting]) check();
  }

  // until waits for something to hold; it is looked at whenever a client did something.
  until(what, holds) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`it does not come: ${what}`)), 60_000);
      const check = () => {
        const value = holds();
        if (!value) return;
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((c) => c !== check);
        resolve(value);
      };
      this.#waiting.push(check);
      check();
    });
  }
}

let written = 0; // messages, in all mailboxes

// mailbox adds the messages of a user, pages of so many.
export function mailbox(server, size = 100) {
  const box = { items: [], had: new Set() }; // oldest first
  box.write = (from, body) => {
    const message = { id: `m${String(written++).padStart(6, "0")}`, from, to: "anna", body };
    box.items.push(message);
    return message;
  };
  const page = (all, query, behind) => {
    const rest = all.filter(({ id }) => !query.get("cursor") || behind(id, query.get("cursor")));
    return [200, { items: rest.slice(0, size), next_cursor: rest.length > size ? rest[size - 1].id : null }];
  };
  server.on("GET /messages", ({ query }) => (query.get("waiting") === "true"
    ? page(box.items.filter(({ id, from }) => from !== "anna" && !box.had.has(id)), query, (id, cursor) => id > cursor)
    : page([...box.items].reverse(), query, (id, cursor) => id < cursor)));
  server.on("POST /messages/had", ({ body: { ids } }) => {
    for (const { id } of box.items) if (ids.includes(id)) box.had.add(id);
    return [204, ""];
  });
  server.on("POST /messages", ({ body }) => [201, { ...box.write("anna", body.body), to: body.to }]);
  return box;
}

// call adds a call of which the server's end is a peer connection of werift's.
export function call(server, id) {
  const pc = new RTCPeerConnection({ iceAdditionalHostAddresses: ["127.0.0.1"] });
  const messages = [];
  const state = { pc, messages, offers: [], answers: [], status: "active", waiting: [] };
  const body = () => ({
    id, call_type: "audio", status: state.status, created_by: "anna", metadata: {}, participants: [], ice_servers: [], cause_text: state.cause,
  });
  let seq = 0;
  state.tell = (message_type, payload) => {
    const message = { id: randomUUID(), seq: ++seq, call_id: id, from_user: "server", to_user: "anna", message_type, payload };
    messages.push(message);
    for (const wake of state.waiting.splice(0)) wake();
    return message;
  };
  state.answer = async (sdp) => {
    await pc.setRemoteDescription({ type: "offer", sdp });
    await pc.setLocalDescription(await pc.createAnswer());
    return state.tell("answer", { type: "answer", sdp: pc.localDescription.sdp });
  };
  server.on("POST /calls", () => [201, body()]);
  server.on(`GET /calls/${id}`, () => [200, body()]);
  server.on("GET /calls", () => [200, { items: [] }]);
  server.on(`POST /calls/${id}/end`, () => { state.status = "ended"; return [200, body()]; });
  server.on(`GET /calls/${id}/signaling`, async ({ query }) => {
    const items = () => messages.filter((m) => m.seq > Number(query.get("after")));
    if (items().length === 0 && Number(query.get("wait")) > 0) await new Promise((done) => state.waiting.push(done));
    return [200, { items: items() }];
  });
  server.on(`POST /calls/${id}/signaling`, async ({ body: { message_type: type, payload } }) => {
    if (state.closed) return [410, { status: 410, code: "gone", detail: "the call has ended" }];
    const sent = { id: randomUUID(), seq: ++seq, message_type: type, payload };
    switch (type) {
      case "offer":
        state.offers.push(payload.sdp);
        if (state.meet) return state.meet(payload.sdp, sent);
        return [201, { ...sent, reply: await state.answer(payload.sdp) }];
      case "answer":
        state.answers.push(payload.sdp);
        await pc.setRemoteDescription(payload);
        break;
      case "ice_candidate":
        await pc.addIceCandidate(payload);
        break;
    }
    return [201, sent];
  });
  state.close = async () => {
    state.closed = true;
    for (const wake of state.waiting.splice(0)) wake();
    await pc.close();
  };
  return state;
}
