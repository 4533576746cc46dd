// src/api.ts
var ApiError = class extends Error {
  constructor(status, problem, retryAfter = 0) {
    super(problem?.detail || problem?.title || `The server answered ${status}.`);
    this.status = status;
    this.problem = problem ?? {};
    this.code = problem?.code ?? "";
    this.traceId = problem?.trace_id ?? "";
    this.retryAfter = retryAfter;
  }
  name = "ApiError";
  code;
  traceId;
  problem;
  // retryAfter is how long the server asks to wait, in seconds; 0 where it does not.
  retryAfter;
};
var gone = (error) => error instanceof ApiError && [404, 410].includes(error.status);
var Api = class {
  constructor(url, credentials, env) {
    this.url = url;
    this.credentials = credentials;
    this.env = env;
  }
  // token is the JWT, or "" when an API key is used.
  async token() {
    if (typeof this.credentials === "string") return this.credentials;
    return typeof this.credentials === "function" ? this.credentials() : "";
  }
  // do carries an operation of the API's document out: its body and its answer are of the
  // document's types.
  do(route, ...[ids, options]) {
    const [method = "", template = ""] = route.split(" ", 2);
    const given = options ?? {};
    const path = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(ids[name] ?? ""));
    const query = Object.entries(given.query ?? {}).filter(([, value]) => value !== void 0 && value !== "");
    const text2 = query.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
    return this.request(method, text2 ? `${path}?${text2}` : path, given);
  }
  async request(method, path, options = {}) {
    const headers = { Accept: "application/json" };
    if (typeof this.credentials === "object") headers["X-API-Key"] = this.credentials.apiKey;
    else headers.Authorization = `Bearer ${await this.token()}`;
    const init = { method, headers, cache: "no-store", credentials: "omit" };
    if (options.signal) init.signal = options.signal;
    if (options.keepalive) init.keepalive = true;
    if (options.body !== void 0) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(options.body);
    }
    if (options.once) headers["Idempotency-Key"] = key();
    const response = await this.#send(path, init, options);
    const text2 = await response.text();
    let value = null;
    try {
      value = text2 === "" ? null : JSON.parse(text2);
    } catch {
      if (response.ok) throw new ApiError(response.status, { detail: `${method} ${path}: the answer is no JSON` });
    }
    if (!response.ok) {
      throw new ApiError(response.status, value, Number(response.headers.get("Retry-After")) || 0);
    }
    return value;
  }
  // send tries a second time where that changes nothing.
  async #send(path, init, options) {
    const url = `${this.url}/api/v1/voip${path}`;
    try {
      return await this.env.fetch(url, init);
    } catch (error) {
      if (!options.once || options.signal?.aborted) throw error;
      return this.env.fetch(url, init);
    }
  }
  // all reads every page of a list.
  async all(path, options) {
    const items = [];
    for (let cursor = ""; ; ) {
      const page = await this.request(
        "GET",
        cursor ? `${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}` : path,
        options
      );
      items.push(...page?.items ?? []);
      if (!page?.next_cursor || page.next_cursor === cursor) return items;
      cursor = page.next_cursor;
    }
  }
  // signal gives the server, or another user of the call, a signaling message.
  signal(call, type, payload, options = {}) {
    const { to, ...rest } = options;
    return this.do("POST /calls/{id}/signaling", { id: call }, { ...rest, body: { to_user: to ?? "server", message_type: type, payload } });
  }
  // messages gives the signaling messages after seq; with wait (seconds) it waits for one.
  async messages(call, after, wait, signal) {
    const page = await this.do("GET /calls/{id}/signaling", { id: call }, { query: { after, wait }, ...signal && { signal } });
    return page.items;
  }
};
function userOf(token) {
  const part = token.split(".")[1];
  if (!part) return "";
  try {
    const text2 = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    const claims = JSON.parse(decodeURIComponent([...text2].map((c) => "%" + c.charCodeAt(0).toString(16).padStart(2, "0")).join("")));
    return typeof claims.sub === "string" ? claims.sub : "";
  } catch {
    return "";
  }
}
function key() {
  const { crypto } = globalThis;
  return crypto?.randomUUID?.() ?? Array.from({ length: 4 }, () => Math.random().toString(36).slice(2)).join("-");
}

// src/emitter.ts
var Emitter = class {
  #listeners = /* @__PURE__ */ new Map();
  // on listens, until the function it gives is called.
  on(event, listener) {
    let all = this.#listeners.get(event);
    if (!all) this.#listeners.set(event, all = /* @__PURE__ */ new Set());
    all.add(listener);
    return () => this.off(event, listener);
  }
  // once listens to the next event of the kind.
  once(event, listener) {
    const stop = this.on(event, (detail) => {
      stop();
      listener(detail);
    });
    return stop;
  }
  off(event, listener) {
    this.#listeners.get(event)?.delete(listener);
  }
  // next resolves with the next event of the kind.
  next(event) {
    return new Promise((resolve) => this.once(event, resolve));
  }
  // listened tells whether somebody listens.
  listened(event) {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }
  emit(event, detail) {
    for (const listener of [...this.#listeners.get(event) ?? []]) {
      try {
        listener(detail);
      } catch (error) {
        console.error(`skybridge: a listener of ${String(event)}:`, error);
      }
    }
  }
};
function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

// src/socket.ts
var FrameError = class extends Error {
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
  name = "FrameError";
};
var unauthorized = 4401;
var answers = /* @__PURE__ */ new Set(["Subscribed", "Unsubscribed", "Resumed", "Gap", "Renewed", "Sent"]);
var Socket = class extends Emitter {
  // cuts the pause before the next attempt
  constructor(api, env, times = { patience: 15e3, answer: 2e4 }) {
    super();
    this.api = api;
    this.env = env;
    this.times = times;
  }
  session = "";
  user = "";
  open = false;
  #seq = 0;
  #ids = 0;
  #conn = null;
  #waiting = /* @__PURE__ */ new Map();
  #channels = /* @__PURE__ */ new Map();
  // how many want each
  #stop = new AbortController();
  #hurry = new AbortController();
  // possible tells whether there are WebSockets here; a server that has none is found out by run.
  get possible() {
    return this.env.WebSocket !== void 0 && typeof this.api.credentials !== "object";
  }
  // run keeps a connection until close.
  async run() {
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; ) {
      let was = false;
      let reason = "";
      try {
        reason = await this.#connect(() => {
          was = true;
        });
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
      const wasOpen = this.open;
      this.open = false;
      this.#conn = null;
      for (const { fail } of this.#waiting.values()) fail(new FrameError("lost", "the connection to the server is lost"));
      this.#waiting.clear();
      if (signal.aborted) return;
      if (wasOpen) this.emit("lost", { reason });
      failures = was ? 0 : failures + 1;
      this.#hurry = new AbortController();
      const wait = Math.min(250 * 2 ** failures, this.times.patience);
      await pause(wait / 2 + Math.random() * wait / 2, this.#hurry.signal);
    }
  }
  // retry makes the next attempt now, since the network may be back.
  retry() {
    this.#hurry.abort();
  }
  close() {
    this.#stop.abort();
    this.#hurry.abort();
    const was = this.open;
    this.open = false;
    this.#conn?.close(1e3);
    if (was) this.emit("lost", { reason: "closed" });
  }
  // connect has a connection until it ends, and gives why it did.
  async #connect(welcomed) {
    const { WebSocket } = this.env;
    if (!WebSocket) throw new Error("there are no WebSockets here");
    const token = await this.api.token();
    if (this.#stop.signal.aborted) return "closed";
    const url = this.api.url.replace(/^http/, "ws") + "/ws/auth";
    const conn = this.#conn = new WebSocket(url, ["bearer", token]);
    return new Promise((resolve) => {
      conn.onmessage = ({ data }) => {
        if (typeof data !== "string") return;
        let frame;
        try {
          frame = JSON.parse(data);
        } catch {
          return;
        }
        if (frame.type === "Welcome") {
          welcomed();
          this.#welcome(frame).catch((error) => {
            console.warn("skybridge: resume:", error);
            conn.close(4e3);
          });
          return;
        }
        this.#take(frame);
      };
      conn.onerror = () => void 0;
      conn.onclose = ({ code, reason }) => resolve(code === unauthorized ? "the token is not accepted" : reason || `closed with ${code}`);
    });
  }
  // welcome goes on with the session before, or begins one.
  async #welcome(frame) {
    const before = this.session;
    const after = this.#seq;
    this.user = String(frame.user_id ?? "");
    this.session = String(frame.session ?? "");
    this.#seq = frame.seq ?? 0;
    let fresh = true;
    if (before) {
      const own = this.session;
      this.session = before;
      this.#seq = after;
      const answer = await this.#ask({ type: "Resume", session: before, after });
      const goesOn = answer.type === "Resumed" || answer.resumed === true;
      fresh = answer.type === "Gap";
      this.session = goesOn ? before : own;
      if (!goesOn) this.#seq = answer.seq ?? 0;
    }
    this.open = true;
    if (fresh) for (const channel of this.#channels.keys()) this.#subscribe(channel);
    this.emit("open", { fresh });
  }
  #take(frame) {
    if (frame.seq) {
      if (frame.seq <= this.#seq && frame.type !== "Gap") return;
      this.#seq = Math.max(this.#seq, frame.seq);
    }
    const id = String(frame.in_reply_to ?? "");
    const waiting = this.#waiting.get(id);
    if (waiting && (answers.has(frame.type) || frame.type === waiting.frame.type || frame.type === "Error")) {
      this.#waiting.delete(id);
      if (frame.type === "Error") waiting.fail(new FrameError(String(frame.code ?? ""), String(frame.detail ?? "")));
      else waiting.settle(frame);
    } else if (frame.type === "Error") {
      console.warn("skybridge: the server says:", frame.code, frame.detail);
    }
    this.emit("frame", frame);
  }
  // ask sends a frame and waits for the server's answer to it.
  ask(frame) {
    if (!this.open) return Promise.reject(new FrameError("lost", "there is no connection to the server"));
    return this.#ask(frame);
  }
  #ask(frame) {
    const id = `${++this.#ids}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new FrameError("timeout", `${frame.type}: the server does not answer`));
      }, this.times.answer);
      this.#waiting.set(id, {
        frame,
        settle: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        }
      });
      this.#conn?.send(JSON.stringify({ ...frame, id }));
    });
  }
  // want subscribes to a channel, until the function it gives is called.
  want(channel) {
    const wanted = this.#channels.get(channel) ?? 0;
    this.#channels.set(channel, wanted + 1);
    if (wanted === 0 && this.open) this.#subscribe(channel);
    let done = false;
    return () => {
      if (done) return;
      done = true;
      const left = (this.#channels.get(channel) ?? 1) - 1;
      if (left > 0) {
        this.#channels.set(channel, left);
        return;
      }
      this.#channels.delete(channel);
      if (this.open) this.#ask({ type: "Unsubscribe", channel }).catch(() => void 0);
    };
  }
  #subscribe(channel) {
    this.#ask({ type: "Subscribe", channel }).catch((error) => console.warn(`skybridge: ${channel}:`, error));
  }
};

// src/chat.ts
var answerLimit = 2e4;
var Chat = class extends Emitter {
  constructor(cfg) {
    super();
    this.cfg = cfg;
    const channel = this.#channel = cfg.pc?.createDataChannel?.("chat") ?? null;
    if (!channel) return;
    channel.onopen = () => this.emit("open", true);
    channel.onmessage = ({ data }) => this.#take(String(data));
    channel.onclose = () => this.close();
  }
  #channel;
  #waiting = /* @__PURE__ */ new Map();
  #next = 1;
  // open tells whether messages go by the data channel now.
  get open() {
    return this.#channel?.readyState === "open";
  }
  // send says something to all who are there; it gives the message as the server keeps it.
  async send(body) {
    const channel = this.#channel;
    if (channel?.readyState !== "open") return this.cfg.otherwise(this.cfg.place(), body);
    const id = this.#next++;
    let timer;
    try {
      return await new Promise((settle, fail) => {
        this.#waiting.set(id, { settle, fail });
        timer = setTimeout(() => fail(new FrameError("timeout", "Message: the server does not answer")), answerLimit);
        channel.send(JSON.stringify({ type: "Message", id, body }));
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }
  #take(text2) {
    const frame = JSON.parse(text2);
    const waiting = this.#waiting.get(Number(frame.in_reply_to));
    this.#waiting.delete(Number(frame.in_reply_to));
    if (frame.type === "Error") waiting?.fail(new FrameError(String(frame.code), String(frame.detail)));
    else if (frame.type !== "Message") return;
    else if (waiting) waiting.settle(frame);
    else if (frame.in_reply_to === void 0) this.cfg.heard(frame);
  }
  // tell takes a message that came by any way.
  tell(message) {
    if (message.to === this.cfg.place()) this.emit("message", message);
  }
  // close ends the data channel. What has no answer yet may have been said, or not.
  close() {
    const channel = this.#channel;
    if (!channel) return;
    this.#channel = null;
    channel.onopen = channel.onmessage = channel.onclose = null;
    channel.close();
    for (const { fail } of this.#waiting.values()) fail(new Error("skybridge: the data channel ended before an answer"));
    this.#waiting.clear();
    this.emit("open", false);
  }
};

// src/delivery.ts
var attemptLimit = 3e3;
var Delivery = class {
  // ends the wait for the next attempt
  // patience is for how long a description is tried to be given, in ms.
  constructor(send, patience2) {
    this.send = send;
    this.patience = patience2;
  }
  // moved tells that there was a path once: what is under way may go by a network that is gone.
  moved = false;
  #closed = false;
  #attempts = /* @__PURE__ */ new Map();
  // at giving the server something, and since when
  #wake = new AbortController();
  // deliver gives the server a description, however long that takes while there is patience;
  // null is one that nobody wants any more.
  async deliver(description) {
    const since = Date.now();
    for (let failures = 0; !this.#closed; failures++) {
      try {
        return await this.attempt(description.type, description);
      } catch (error) {
        const passing2 = !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
        if (!passing2 || Date.now() - since > this.patience) throw error;
        const asked = error instanceof ApiError ? error.retryAfter * 1e3 : 0;
        await pause(Math.max(asked, Math.min(200 * 2 ** failures, 3e3)), this.#wake.signal);
      }
    }
    return null;
  }
  // attempt gives the server something once. Nobody answers what goes by a connection of a network
  // that has gone, nor does the browser say so: it is given up after a while.
  async attempt(type, payload) {
    const own = new AbortController();
    this.#attempts.set(own, Date.now());
    const late = this.moved ? setTimeout(() => own.abort(), attemptLimit) : void 0;
    try {
      return await this.send(type, payload, own.signal);
    } finally {
      clearTimeout(late);
      this.#attempts.delete(own);
    }
  }
  // hurry has what the server is being given go anew, by the network that is there now.
  hurry() {
    for (const [attempt, since] of this.#attempts) if (Date.now() - since > 250) attempt.abort();
    this.#wake.abort();
    this.#wake = new AbortController();
  }
  close() {
    this.#closed = true;
    this.#wake.abort();
  }
};

// src/flow.ts
var every = 250;
var firstGap = 900;
var Flow = class {
  // when a path was looked for last
  // lost is told where nothing comes any more that came steadily, and until it comes again.
  constructor(pc, lost) {
    this.pc = pc;
    this.lost = lost;
  }
  #last = 0;
  // when something came last
  #wanted = false;
  // a path, by which something comes as it did
  #gap = firstGap;
  #looked = 0;
  // due tells whether another path is to be looked for now: one that is looked for has its time.
  due() {
    const now = Date.now();
    this.#wanted ||= now - this.#last < 3e3;
    if (now - this.#looked < this.#gap) return false;
    if (now - this.#looked < 2 * this.#gap) this.#gap = Math.min(this.#gap * 2, 4e3);
    this.#looked = now;
    return true;
  }
  // watch goes on until it is stopped.
  async watch(stop) {
    let last = -1;
    let before;
    let flows = 0;
    let silent = 0;
    let steady = false;
    let enough = 8;
    let told = false;
    let there = 0;
    while (!stop.aborted) {
      await pause(every, stop);
      const now = await this.#heard();
      if (stop.aborted || !now) return;
      if (now.audio > last) {
        this.#last = Date.now();
        silent = there = 0;
        told = false;
        steady ||= ++flows >= enough;
        if (flows >= 2) {
          this.#wanted = false;
          this.#gap = firstGap;
        }
      } else {
        flows = 0;
        if (++silent === 1) before = now;
        else if (before && works(before, now, this.#looked > this.#last)) {
          this.#wanted = steady = false;
          if (++there === 4 && told) enough *= 8;
        } else if (silent >= 4 && steady) {
          steady = false;
          told = true;
          this.lost();
        } else if (this.#wanted) {
          this.lost();
        }
      }
      last = now.audio;
    }
  }
  // heard is what has come; null where that cannot be had.
  async #heard() {
    try {
      const now = { audio: 0, checks: /* @__PURE__ */ new Map(), path: "" };
      const reports = await this.pc.getStats();
      let selected = "", nominated = "";
      for (const r of reports.values()) {
        if (r.type === "inbound-rtp" && r.kind === "audio") now.audio += r.packetsReceived ?? 0;
        if (r.type === "transport") selected ||= r.selectedCandidatePairId ?? "";
        if (r.type !== "candidate-pair" || !r.id) continue;
        if (r.selected) selected ||= r.id;
        if (r.nominated && r.state === "succeeded") nominated = r.id;
        if (r.responsesReceived !== void 0) now.checks.set(r.id, r.responsesReceived + (r.requestsReceived ?? 0));
        else if (r.state === "succeeded") now.checks.set(r.id, -1);
      }
      now.path = selected || nominated;
      return now;
    } catch {
      return null;
    }
  }
};
function works(before, now, looked) {
  const checks = now.checks.get(now.path);
  if (checks === void 0 || now.path !== before.path && !looked) return false;
  return checks < 0 ? !before.checks.has(now.path) : checks > (before.checks.get(now.path) ?? 0);
}

// src/sections.ts
function marked(sdp, mid) {
  if (mid === null) return sdp;
  const line = `a=mid:${mid}`;
  return sdp.split(/^(?=m=)/m).map((section) => section.split(/\r\n|\n/).includes(line) ? `${section.replace(/\s*$/, "")}\r
a=content:slides\r
` : section).join("");
}
var sections = (sdp) => sdp.split(/^(?=m=)/m).slice(1);
function taken(sdp, mid) {
  const own = sections(sdp).find((s) => s.split(/\r\n|\n/).includes(`a=mid:${mid}`));
  return own !== void 0 && !/^m=\S+ 0 /.test(own);
}
function videosTaken(sdp) {
  return sections(sdp).filter((s) => s.startsWith("m=video")).map((s) => !s.startsWith("m=video 0 "));
}
function layersOf(track) {
  const { height = 0 } = track.getSettings?.() ?? {};
  const all = [
    { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 15e4 },
    { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 5e5 },
    { rid: "f", maxBitrate: 17e5 }
  ];
  return height >= 540 ? all : height >= 270 ? all.slice(1) : [];
}
function sourceOf(stream) {
  const found = /^(.+):(camera|screen)$/.exec(stream);
  return found ? { participant: found[1], kind: found[2] } : null;
}

// src/peer.ts
var refused = (error) => error instanceof ApiError && [403, 406, 413, 422].includes(error.status);
var Peer = class {
  constructor(cfg) {
    this.cfg = cfg;
    const { RTCPeerConnection } = cfg.env;
    if (!RTCPeerConnection) throw new Error("skybridge: there is no RTCPeerConnection here; give one");
    const iceServers = cfg.iceServers.filter((s) => s.urls.length > 0);
    this.#ended.catch(() => void 0);
    const pc = this.pc = new RTCPeerConnection({ iceServers });
    this.#delivery = new Delivery(cfg.send, cfg.patience);
    this.#flow = new Flow(pc, () => this.restart());
    const on = (type, listener) => pc.addEventListener(type, listener);
    on("icecandidate", ({ candidate }) => {
      if (candidate?.candidate) this.#found(candidate.toJSON?.() ?? candidate);
    });
    on("negotiationneeded", () => {
      if (this.#offered && !this.#offering) void this.negotiate();
    });
    on("connectionstatechange", () => this.#changed());
    on("track", ({ track, streams }) => {
      cfg.track(track, streams);
    });
  }
  pc;
  #closed = false;
  began = 0;
  // the number of our first offer
  #offering = false;
  // an offer of ours is under way
  #again = false;
  // what was said since it went out wants another
  #answering = false;
  // an offer of the server's is being answered
  #theirs = null;
  // an offer of the server's that waits for ours
  #settled = 0;
  // the number of our latest offer that the server has taken
  #sections = /* @__PURE__ */ new Map();
  // in which ours is sent, or was
  #publishing = [];
  // what the next offer is made for
  #proposed = [];
  // what the one that is under way was made for
  #awaited = 0;
  // the number of our offer that has no answer yet; 0 where none is awaited
  #last = null;
  // of the server's messages
  #described = false;
  // the server's description is set
  #held = [];
  // ours, until the description that they belong to is with the server
  #early = [];
  // the server's, until its description is here
  #offered = false;
  // the first offer went out
  #lostAt = 0;
  #connected = false;
  #delivery;
  #flow;
  #stop = new AbortController();
  // A connection that is closed settles nothing that was asked of it: whoever waits for that waits for
  // this too.
  #ended = new Promise((_, reject) => {
    this.#stop.signal.addEventListener("abort", () => reject(new Error("the call has ended")));
  });
  add(stream, tracks = stream.getTracks()) {
    return tracks.map((track) => this.pc.addTrack(track, stream));
  }
  // receive asks for media of a kind that we do not send.
  receive(kind) {
    this.pc.addTransceiver(kind, { direction: "recvonly" });
  }
  // publish sends a camera or a screen. What was sent before keeps its section for what comes. It
  // rejects where the server does not take it, and where the call ends before that is known.
  publish(what, track, stream) {
    return Promise.race([this.#publish(what, track, stream), this.#ended]);
  }
  async #publish(what, track, stream) {
    const before = this.#sections.get(what);
    const fresh = !before || before.stopped === true;
    if (!fresh) {
      before.sender.setStreams?.(stream);
      await before.sender.replaceTrack(track);
      before.direction = "sendonly";
    } else {
      const sendEncodings = what === "camera" ? layersOf(track) : [];
      this.#sections.set(what, this.pc.addTransceiver(track, {
        direction: "sendonly",
        streams: [stream],
        ...sendEncodings.length > 0 && { sendEncodings }
      }));
    }
    if (!this.#offered) return;
    const known2 = new Promise((resolve, reject) => this.#publishing.push({ what, fresh, resolve, reject }));
    void this.negotiate();
    await known2;
  }
  // refuse takes back what the server does not take.
  async #refuse({ what, fresh, reject }, error) {
    try {
      await this.unpublish(what);
      if (fresh) {
        this.#sections.get(what)?.stop?.();
        this.#sections.delete(what);
      }
    } finally {
      reject(error);
    }
  }
  // settle tells what has become of what an offer was made for, which has its answer.
  async #settle() {
    const sdp = this.pc.remoteDescription?.sdp ?? "";
    for (let each = this.#proposed.shift(); each; each = this.#proposed.shift()) {
      const mid = this.#sections.get(each.what)?.mid ?? null;
      if (mid === null || taken(sdp, mid)) each.resolve();
      else await this.#refuse(each, new Error(`the server does not take the ${each.what}: it has no codec for it, or no place`));
    }
  }
  // unpublish ends that.
  async unpublish(what) {
    const section = this.#sections.get(what);
    if (!section || section.stopped || this.#closed) return;
    section.direction = "inactive";
    await Promise.race([section.sender.replaceTrack(null), this.#ended]).catch((error) => {
      if (!this.#closed) throw error;
    });
  }
  // text is a description as the server gets it: with what a browser cannot say.
  #text(description) {
    const mid = this.#sections.get("screen")?.mid;
    return marked(description?.sdp ?? "", mid ?? null);
  }
  // start makes the first offer; later ones follow from what is added or lost.
  async start() {
    this.#offered = true;
    await this.#negotiate();
  }
  // negotiate offers what there is, unless an offer is under way, after which it is done.
  async negotiate() {
    try {
      await this.#negotiate();
    } catch (error) {
      if (!this.#closed) this.cfg.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }
  async #negotiate() {
    if (this.#closed) return;
    if (this.#offering || this.#answering || this.pc.signalingState !== "stable") {
      this.#again = true;
      return;
    }
    this.#offering = true;
    this.#again = false;
    let went = false;
    this.#proposed = this.#publishing.splice(0);
    try {
      await this.pc.setLocalDescription(await this.pc.createOffer());
      went = await this.#offer();
      if (!went) this.#publishing.unshift(...this.#proposed.splice(0));
    } catch (error) {
      const proposed = this.#proposed.splice(0);
      if (proposed.length === 0 || this.began === 0 || !refused(error)) {
        for (const { reject } of proposed) reject(error);
        throw error;
      }
      await this.pc.setLocalDescription({ type: "rollback" }).finally(() => Promise.all(proposed.map((each) => this.#refuse(each, error))));
    } finally {
      this.#offering = false;
    }
    if (went) this.#tellHeld();
    await this.#hear();
    await this.#answerTheirs();
  }
  #tellHeld() {
    if (this.#closed) return;
    for (const candidate of this.#held.splice(0)) this.#tell(candidate);
  }
  // offer sends the local description until the server has it; false is one that was taken back.
  async #offer() {
    const local = this.pc.localDescription;
    if (!local) return false;
    this.#awaited = 0;
    let message;
    try {
      message = await this.#delivery.deliver({ type: "offer", sdp: this.#text(local) });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409 && await this.#meets())) throw error;
      await this.pc.setLocalDescription({ type: "rollback" });
      this.#again = true;
      return false;
    }
    if (!message) return false;
    const answer = message.reply?.payload;
    this.#awaited = message.seq;
    this.began ||= message.seq;
    if (answer?.sdp) await this.#answered({ type: "answer", sdp: answer.sdp });
    else if (this.#last && this.#last.seq > message.seq) await this.#answered(this.#last.answer);
    return true;
  }
  // meets tells whether the server has made an offer as well; it may still be on the way.
  async #meets() {
    for (let i = 0; i < 10 && !this.#theirs && !this.#closed; i++) await pause(100);
    return this.#theirs !== null;
  }
  // answered takes the server's answer. It comes twice, in the reply and as a message, which
  // may be late: one from before our offer is of another. Offers of the server's from before it
  // it has given up.
  async #answered(answer) {
    if (this.#awaited === 0) return;
    this.#settled = this.#awaited;
    this.#awaited = 0;
    if (this.#theirs && this.#theirs.seq < this.#settled) this.#theirs = null;
    try {
      await this.pc.setRemoteDescription(answer);
      await this.#describe();
      await this.#settle();
    } catch (error) {
      for (const { reject } of this.#proposed.splice(0)) reject(error);
      throw error;
    }
  }
  async #describe() {
    this.#described = true;
    await this.#hear();
  }
  // hear takes the candidates that came early, those that come meanwhile as well.
  async #hear() {
    if (!this.#described) return;
    for (let next; next = this.#early.shift(); ) await this.#add(next);
  }
  // answerTheirs answers the server's offer where there is one, and then offers what is ours.
  async #answerTheirs() {
    while (this.#theirs && !this.#offering && !this.#answering && this.#awaited === 0 && !this.#closed) {
      const { offer } = this.#theirs;
      this.#theirs = null;
      this.#answering = true;
      try {
        await this.pc.setRemoteDescription(offer);
        await this.#describe();
        await this.pc.setLocalDescription(await this.pc.createAnswer());
        this.#offered = true;
        await this.#delivery.deliver({ type: "answer", sdp: this.#text(this.pc.localDescription) });
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 409)) throw error;
      } finally {
        this.#answering = false;
        this.#tellHeld();
      }
    }
    if (this.#again) await this.#negotiate();
  }
  // take acts upon a message of the server's.
  async take(type, payload, seq) {
    if (this.#closed) return;
    const description = payload;
    switch (type) {
      case "answer":
        if (!description?.sdp) break;
        this.#last = { seq, answer: { type, sdp: description.sdp } };
        if (this.#awaited !== 0 && seq > this.#awaited) {
          await this.#answered(this.#last.answer);
          await this.#answerTheirs();
        }
        break;
      case "offer":
        if (!description?.sdp) break;
        if (seq < this.#settled) break;
        this.#theirs = { seq, offer: { type, sdp: description.sdp } };
        await this.#answerTheirs();
        break;
      case "ice_candidate": {
        const candidate = candidateIn(payload);
        if (!candidate) break;
        if (this.#described && !this.#offering) await this.#add(candidate);
        else this.#early.push(candidate);
        break;
      }
    }
  }
  async #add(candidate) {
    try {
      await this.pc.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#closed) console.warn("skybridge: candidate:", error);
    }
  }
  #found(candidate) {
    if (this.#offering || this.#answering || !this.#offered) this.#held.push(candidate);
    else this.#tell(candidate);
  }
  #tell(candidate) {
    this.#delivery.attempt("ice_candidate", candidate).catch((error) => {
      if (!this.#closed) console.warn("skybridge: candidate not sent:", error);
    });
  }
  #changed() {
    if (this.#closed) return;
    switch (this.pc.connectionState) {
      case "connected":
        if (!this.#connected) void this.#flow.watch(this.#stop.signal);
        this.#connected = this.#delivery.moved = true;
        this.#lostAt = 0;
        this.cfg.network("connected");
        break;
      case "disconnected":
      case "failed":
        if (this.#lostAt === 0) this.#lostAt = Date.now();
        if (Date.now() - this.#lostAt > this.cfg.patience) {
          this.cfg.failed(new Error("there is no network path to the server"));
          return;
        }
        if (this.#connected) this.cfg.network("interrupted");
        this.restart();
        break;
    }
  }
  // restart looks for another network path, at once, or once that which is looked for has had its time.
  restart() {
    if (this.#closed || !this.#offered) return;
    this.#delivery.hurry();
    if (!this.#flow.due()) return;
    this.pc.restartIce();
    void this.negotiate();
  }
  // videoSections tells, for each section of video that we offered, whether the server took it.
  videoSections() {
    if (this.#closed) return [];
    return videosTaken(this.pc.remoteDescription?.sdp ?? "");
  }
  close() {
    this.#closed = true;
    this.#stop.abort();
    this.#delivery.close();
    this.pc.close();
  }
};
function candidateIn(payload) {
  const outer = payload;
  const inner = typeof outer?.candidate === "object" ? outer.candidate : outer;
  return inner?.candidate ? inner : null;
}

// src/signaling.ts
var longPoll = 25;
var Signaling = class {
  // how many reads of older messages there were: the newest one counts
  constructor(api, socket, call, take, lost) {
    this.api = api;
    this.socket = socket;
    this.call = call;
    this.take = take;
    this.lost = lost;
  }
  #after = 0;
  #stop = new AbortController();
  #polling = null;
  #chain = Promise.resolve();
  #off = [];
  // What is pushed while older messages are being read waits for these; null at other times.
  #pushed = null;
  #reading = 0;
  // start follows the messages after the one of a number.
  start(after) {
    this.#after = after;
    this.#off = [
      this.socket.want("signaling"),
      this.socket.on("frame", (frame) => this.#frame(frame)),
      this.socket.on("open", ({ fresh }) => this.#open(fresh)),
      this.socket.on("lost", () => void this.#poll())
    ];
    void this.#poll();
    if (this.socket.open) this.#open(true);
  }
  stop() {
    for (const off of this.#off) off();
    this.#stop.abort();
    this.#polling?.abort();
  }
  // open ends the polling: with it, what came before the socket did is read once more.
  #open(fresh) {
    this.#polling?.abort();
    this.#polling = null;
    if (fresh) void this.#catchUp();
  }
  async #catchUp() {
    const own = ++this.#reading;
    this.#pushed ??= [];
    for (let failures = 0; own === this.#reading; ) {
      try {
        for (const message of await this.api.messages(this.call, this.#after, 0, this.#stop.signal)) this.#next(message);
        break;
      } catch (error) {
        if (!await this.#goesOn(error, failures++, this.#stop.signal)) return;
      }
    }
    if (own !== this.#reading) return;
    const pushed = this.#pushed;
    this.#pushed = null;
    for (const message of pushed) this.#next(message);
  }
  #frame(frame) {
    if (frame.type !== "Signaling") return;
    const message = frame.message ?? frame;
    if (message.call_id !== this.call || !message.message_type) return;
    if (this.#pushed) this.#pushed.push(message);
    else this.#next(message);
  }
  async #poll() {
    if (this.#polling || this.#stop.signal.aborted) return;
    const own = this.#polling = new AbortController();
    for (let failures = 0; !own.signal.aborted && !this.#stop.signal.aborted; ) {
      try {
        for (const message of await this.api.messages(this.call, this.#after, longPoll, own.signal)) this.#next(message);
        failures = 0;
      } catch (error) {
        if (!await this.#goesOn(error, failures++, own.signal)) return;
      }
    }
  }
  // goesOn waits after a read that failed, until the next one; false where there is none: the call is
  // gone, or nobody asks any more. Whatever else an answer says, the call may well be there.
  async #goesOn(error, failures, asking) {
    if (asking.aborted || this.#stop.signal.aborted) return false;
    if (gone(error)) {
      this.lost(error);
      return false;
    }
    const asked = error instanceof ApiError ? error.retryAfter * 1e3 : 0;
    await pause(Math.max(asked, Math.min(500 * 2 ** failures, 1e4)), asking);
    return !asking.aborted && !this.#stop.signal.aborted;
  }
  // next hands a message on when those before it are done.
  #next(message) {
    if (message.seq <= this.#after) return;
    this.#after = message.seq;
    this.#chain = this.#chain.then(() => this.take(message)).catch((error) => {
      if (!this.#stop.signal.aborted) console.warn(`skybridge: message ${message.message_type}:`, error);
    });
  }
};

// src/statistics.ts
var Meter = class {
  #last = /* @__PURE__ */ new Map();
  // read makes them; sources are whose video each track is.
  read(reports, sources = /* @__PURE__ */ new Map()) {
    const all = /* @__PURE__ */ new Map();
    for (const report2 of reports) all.set(report2.id, report2);
    const out = { sent: [], received: [], roundTrip: 0, localCandidate: "", remoteCandidate: "", protocol: "" };
    for (const report2 of all.values()) {
      if (report2.type === "inbound-rtp") {
        const flow = this.#flow(report2, all, number(report2.bytesReceived));
        const source = sources.get(text(report2.trackIdentifier));
        out.received.push(source ? { ...flow, source } : flow);
      }
      if (report2.type === "outbound-rtp") out.sent.push(this.#flow(report2, all, number(report2.bytesSent)));
      if (report2.type === "candidate-pair" && this.#used(report2, all)) {
        const local = all.get(String(report2.localCandidateId));
        out.roundTrip = 1e3 * number(report2.currentRoundTripTime);
        out.localCandidate = text(local?.candidateType);
        out.remoteCandidate = text(all.get(String(report2.remoteCandidateId))?.candidateType);
        out.protocol = text(local?.protocol);
      }
    }
    return out;
  }
  #used(pair, all) {
    for (const report2 of all.values()) {
      if (report2.type === "transport" && report2.selectedCandidatePairId) return report2.selectedCandidatePairId === pair.id;
    }
    return pair.nominated === true && pair.state === "succeeded";
  }
  #flow(report2, all, bytes) {
    const before = this.#last.get(report2.id);
    this.#last.set(report2.id, { bytes, at: report2.timestamp });
    const passed = before ? (report2.timestamp - before.at) / 1e3 : 0;
    const remote = all.get(String(report2.remoteId));
    const seen = report2.type === "outbound-rtp" ? remote : report2;
    const flow = {
      kind: text(report2.kind),
      codec: text(all.get(String(report2.codecId))?.mimeType),
      bitrate: before && passed > 0 ? 8 * (bytes - before.bytes) / passed : 0,
      packets: number(report2.packetsReceived ?? report2.packetsSent),
      lost: number(seen?.packetsLost),
      jitter: 1e3 * number(seen?.jitter)
    };
    if (report2.framesPerSecond !== void 0) flow.frames = number(report2.framesPerSecond);
    const total = report2.framesDecoded ?? report2.framesEncoded;
    if (total !== void 0) flow.total = number(total);
    if (report2.totalFreezesDuration !== void 0) flow.frozen = 1e3 * number(report2.totalFreezesDuration);
    if (report2.rid !== void 0) flow.layer = text(report2.rid);
    if (report2.frameWidth !== void 0) flow.width = number(report2.frameWidth);
    if (report2.frameHeight !== void 0) flow.height = number(report2.frameHeight);
    if (report2.audioLevel !== void 0) flow.level = number(report2.audioLevel);
    return flow;
  }
};
var number = (value) => typeof value === "number" && Number.isFinite(value) ? value : 0;
var text = (value) => typeof value === "string" ? value : "";

// src/video.ts
var Video = class {
  constructor(env, devices, peer, tell) {
    this.env = env;
    this.devices = devices;
    this.peer = peer;
    this.tell = tell;
  }
  remote = [];
  #own = /* @__PURE__ */ new Map();
  #opening = /* @__PURE__ */ new Map();
  #closed = false;
  // take takes a track that comes where it is somebody's camera or screen; false is another one.
  take(track, streams) {
    const stream = streams[0];
    const source = stream && sourceOf(stream.id);
    if (!source || track.kind !== "video") return false;
    const known2 = this.remote.find((v) => v.stream.id === stream.id);
    if (known2?.stream === stream) return true;
    if (known2) this.#gone(known2);
    const video = { ...source, stream };
    this.remote.push(video);
    stream.addEventListener?.("removetrack", () => {
      if (stream.getTracks().length === 0) this.#gone(video);
    });
    this.tell("video", video);
    return true;
  }
  #gone(video) {
    const at = this.remote.indexOf(video);
    if (at < 0) return;
    this.remote.splice(at, 1);
    this.tell("videoEnded", video);
  }
  own(what) {
    return this.#own.get(what) ?? null;
  }
  // start sends a camera or a screen, one that is given or the one that the user chooses.
  start(what, given) {
    const before = this.#own.get(what);
    if (before) return Promise.resolve(before);
    let opening = this.#opening.get(what);
    if (!opening) {
      opening = this.#start(what, given).finally(() => this.#opening.delete(what));
      this.#opening.set(what, opening);
    }
    return opening;
  }
  async #start(what, given) {
    const stream = given ?? await (what === "camera" ? this.devices.capture({ audio: false, video: true }) : this.devices.screen());
    const [track] = stream.getVideoTracks();
    if (!track || this.#closed) {
      for (const each of stream.getTracks()) each.stop();
      throw new Error(this.#closed ? "the call has ended" : "there is no video in it");
    }
    this.#own.set(what, stream);
    track.addEventListener?.("ended", () => {
      if (this.#own.get(what)?.getVideoTracks().includes(track)) void this.stop(what);
    });
    try {
      await this.peer().publish(what, track, stream);
    } catch (error) {
      if (this.#own.get(what) === stream) this.#own.delete(what);
      for (const each of stream.getVideoTracks()) each.stop();
      throw error;
    }
    if (this.#own.get(what) === stream) this.tell(what, { on: true });
    return stream;
  }
  // stop ends it.
  async stop(what) {
    const stream = this.#own.get(what);
    if (!stream) return;
    this.#own.delete(what);
    for (const track of stream.getVideoTracks()) track.stop();
    if (!this.#closed) await this.peer().unpublish(what);
    this.tell(what, { on: false });
  }
  // change sends another camera in the place of the one that is sent.
  async change() {
    const fresh = await this.devices.capture({ audio: false, video: true });
    const before = this.#own.get("camera");
    this.#own.delete("camera");
    await this.start("camera", fresh);
    for (const track of before?.getVideoTracks() ?? []) track.stop();
  }
  // sources names whose video a track shows, for statistics.
  sources() {
    const all = /* @__PURE__ */ new Map();
    for (const { participant, kind, stream } of this.remote) {
      for (const track of stream.getVideoTracks()) all.set(track.id, { participant, kind });
    }
    return all;
  }
  close() {
    this.#closed = true;
    for (const what of [...this.#own.keys()]) void this.stop(what);
    for (const video of [...this.remote]) this.#gone(video);
  }
  // cameraIn is what a stream has of a camera, as a stream of its own.
  cameraIn(stream) {
    const tracks = stream.getVideoTracks();
    if (tracks.length === 0) return null;
    const { MediaStream: MediaStream2 } = this.env;
    return MediaStream2 ? new MediaStream2(tracks) : stream;
  }
};

// src/call.ts
var leaveLimit = 5e3;
var endpointOf = (target) => target.includes("/") ? target : `SIP/${target}`;
var Call = class extends Emitter {
  id;
  // local is what the call began with: the microphone, and the camera if there was one.
  local;
  state = "initiated";
  // cause says why the call has ended, in words.
  cause = "";
  // since is when the call became active, in ms since the epoch; 0 before.
  since = 0;
  muted = false;
  held = false;
  // body is the call as the server showed it last.
  body = null;
  streams = [];
  #cfg;
  #peer;
  #signaling;
  #senders;
  #video;
  #chat = null;
  #camera = Promise.resolve();
  // the one that the call begins with is being sent
  #stop = new AbortController();
  #meter = new Meter();
  #told = false;
  // the server pushes what happens to the call
  #leaving = null;
  // once we hang up
  #off = [];
  constructor(cfg) {
    super();
    this.#cfg = cfg;
    this.id = cfg.id;
    this.place = `call:${cfg.id}`;
    this.local = cfg.local;
    this.#peer = new Peer({
      env: cfg.env,
      iceServers: cfg.iceServers,
      patience: cfg.patience,
      send: (type, payload, signal) => cfg.api.signal(this.id, type, payload, { signal }),
      track: (track, streams) => this.#track(track, streams),
      network: (state) => this.#network(state),
      failed: (error) => void this.#lost(error)
    });
    this.#video = new Video(cfg.env, cfg.devices, () => this.#peer, (event, detail) => this.emit(event, detail));
    this.#senders = this.#peer.add(cfg.local, cfg.local.getAudioTracks());
    const camera = this.#video.cameraIn(cfg.local);
    if (camera) this.#camera = this.#video.start("camera", camera);
    if (cfg.receiveVideo) this.#peer.receive("video");
    this.#signaling = new Signaling(
      cfg.api,
      cfg.socket,
      cfg.id,
      (message) => this.#take(message),
      (error) => void this.#lost(error)
    );
  }
  // start offers our media to the server and follows the call from then on.
  async start() {
    const { socket } = this.#cfg;
    this.#off.push(
      socket.want(`call:${this.id}`),
      socket.on("frame", (frame) => {
        if (frame.type !== "Call" || frame.call_id !== this.id || !frame.call) return;
        if (frame.event !== "current") this.#told = true;
        this.#show(frame.call);
      })
    );
    const over = new Promise((resolve) => this.#stop.signal.addEventListener("abort", () => resolve()));
    try {
      await this.#camera;
      await Promise.race([this.#peer.start(), over]);
      if (this.#stop.signal.aborted) return;
    } catch (error) {
      await this.#lost(error);
      if (this.state === "failed") throw error;
      return;
    }
    this.#signaling.start(this.#peer.began);
    void this.#watch();
  }
  // place is where messages to all who are here go: room:ID in a room.
  place;
  // chat is messages to all who are in the call. They have a data channel of their own from when
  // this is first used on: best before the call is started, else that takes another offer.
  get chat() {
    return this.#chat ??= new Chat({
      pc: this.#stop.signal.aborted ? null : this.#peer.pc,
      place: () => this.place,
      otherwise: this.#cfg.say,
      heard: this.#cfg.heard
    });
  }
  // told takes a message that was told to this client.
  told(message) {
    this.#chat?.tell(message);
  }
  get peerConnection() {
    return this.#peer.pc;
  }
  // ---- what can be done
  // hangUp ends the call for us. Nobody hears or sees us from then on; the state becomes ended, and
  // this resolves, when the server has been told, or cannot be told within a few seconds, which
  // rejects: it notices by itself then, and waits for us in vain for a while.
  hangUp(options = {}) {
    if (!this.#stop.signal.aborted) this.#leaving ??= this.#leave(options);
    return this.#leaving ?? Promise.resolve();
  }
  async #leave(options) {
    this.#silence();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), leaveLimit);
    try {
      await this.#cfg.api.do("POST /calls/{id}/end", { id: this.id }, { ...options, signal: late.signal });
    } catch (error) {
      if (!gone(error)) throw late.signal.aborted ? new Error("the server could not be told that the call has ended") : error;
    } finally {
      clearTimeout(timer);
      this.#finish("ended", "");
    }
  }
  // silence has nothing of ours be captured any more.
  #silence() {
    for (const stream of [this.local, this.camera, this.screen]) for (const track of stream?.getTracks() ?? []) track.stop();
  }
  // mute stops what we say, here and at the server, which shows it to the others. Who may not
  // unmute themselves, as a moderator has muted them, stay so.
  async mute(on = true) {
    this.#silenced(on);
    try {
      await this.#cfg.api.signal(this.id, on ? "mute" : "unmute", {});
    } catch (error) {
      this.#silenced(true);
      throw error;
    }
  }
  #silenced(on) {
    this.muted = on;
    for (const track of this.local.getAudioTracks()) track.enabled = !on;
  }
  async unmute() {
    await this.mute(false);
  }
  async hold() {
    await this.#cfg.api.do("POST /calls/{id}/hold", { id: this.id });
    this.held = true;
  }
  async unhold() {
    await this.#cfg.api.do("POST /calls/{id}/unhold", { id: this.id });
    this.held = false;
  }
  // sendDigits presses keys: in the audio if that was agreed on, else by the server.
  async sendDigits(digits) {
    const dtmf = this.#senders.find((s) => s.dtmf?.canInsertDTMF)?.dtmf;
    if (dtmf) dtmf.insertDTMF(dtmf.toneBuffer + digits, 120, 70);
    else await this.#cfg.api.do("POST /calls/{id}/dtmf", { id: this.id }, { body: { digits } });
  }
  // transfer sends the other party to an endpoint or number.
  async transfer(target) {
    await this.#cfg.api.do("POST /calls/{id}/transfer", { id: this.id }, { body: { to: endpointOf(target) } });
  }
  // add calls further participants into the call.
  async add(...participants) {
    const body = { participants: participants.map(endpointOf) };
    this.#show(await this.#cfg.api.do("POST /calls/{id}/participants", { id: this.id }, { body }));
  }
  async remove(participant) {
    await this.#cfg.api.do("DELETE /calls/{id}/participants/{pid}", { id: this.id, pid: participant });
  }
  // use changes the microphone or camera of this call, to what Devices.choose says.
  async use(kind) {
    if (kind === "camera") {
      await this.#video.change();
      return;
    }
    const fresh = await this.#cfg.devices.capture();
    const track = fresh.getAudioTracks()[0];
    if (!track) return;
    track.enabled = !this.muted;
    const sender = this.#senders.find((s) => s.track?.kind === "audio");
    const old = sender?.track;
    if (sender) await sender.replaceTrack(track);
    else this.#senders.push(...this.#peer.add(fresh));
    old?.stop();
    const kept = this.local.getTracks().filter((t) => t !== old);
    const { MediaStream: MediaStream2 } = this.#cfg.env;
    this.local = MediaStream2 ? new MediaStream2([...kept, track]) : fresh;
  }
  // camera is what we show of ourselves; null while that is nothing.
  get camera() {
    return this.#video.own("camera");
  }
  // startCamera shows us, also in the middle of a call.
  startCamera(stream) {
    return this.#video.start("camera", stream);
  }
  stopCamera() {
    return this.#video.stop("camera");
  }
  // shareScreen sends a screen beside the camera; the user chooses which if none is given.
  shareScreen(stream) {
    return this.#video.start("screen", stream);
  }
  stopScreen() {
    return this.#video.stop("screen");
  }
  // screen is what we share; null while that is nothing.
  get screen() {
    return this.#video.own("screen");
  }
  get sharing() {
    return this.screen !== null;
  }
  // videos are the cameras and screens of the others that are to be seen now.
  get videos() {
    return this.#video.remote;
  }
  // videoAccepted tells whether the server has taken video of ours, or would: null before
  // it was offered any.
  get videoAccepted() {
    const sections2 = this.#peer.videoSections();
    return sections2.length === 0 ? null : sections2.some((accepted) => accepted);
  }
  async statistics() {
    const reports = await this.#peer.pc.getStats();
    return this.#meter.read(reports.values(), this.#video.sources());
  }
  // networkChanged looks for a new path at once; the client calls it when the network says so.
  networkChanged() {
    if (this.state === "active" || this.state === "reconnecting") this.#peer.restart();
  }
  // ---- what happens
  async #take({ message_type: type, payload, seq }) {
    if (type === "hangup") {
      await this.#look();
      this.#finish("ended", payload?.cause_text ?? "");
      return;
    }
    await this.#peer.take(type, payload, seq);
  }
  #track(track, streams) {
    if (this.#video.take(track, streams)) return;
    const { MediaStream: MediaStream2 } = this.#cfg.env;
    const stream = streams[0] ?? (MediaStream2 ? new MediaStream2([track]) : null);
    if (!stream || this.streams.some((s) => s.id === stream.id)) return;
    this.streams.push(stream);
    stream.addEventListener?.("removetrack", () => {
      if (stream.getTracks().length > 0) return;
      const at = this.streams.indexOf(stream);
      if (at >= 0) this.streams.splice(at, 1);
      this.emit("streamEnded", stream);
    });
    this.emit("stream", stream);
  }
  #network(state) {
    if (state === "interrupted" && this.state === "active") this.#become("reconnecting");
    if (state === "connected" && this.state === "reconnecting") this.#become("active");
  }
  // watch follows the call's own state where the socket does not tell it.
  async #watch() {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#look();
      await pause(this.#told && this.#cfg.socket.open ? 15e3 : this.state === "active" ? 3e3 : 700, signal);
    }
  }
  async #look() {
    try {
      this.#show(await this.#cfg.api.do("GET /calls/{id}", { id: this.id }));
    } catch (error) {
      if (gone(error)) this.#finish("ended", "");
    }
  }
  #show(body) {
    if (this.#stop.signal.aborted) return;
    const before = JSON.stringify(this.body?.participants);
    this.body = body;
    if (body.status === "ended") {
      this.#finish("ended", body.cause_text ?? "");
      return;
    }
    const user = this.#cfg.user();
    const own = (body.participants ?? []).filter((p) => user !== "" && p.user_id === user);
    if (own.length > 0 && own.every((p) => p.state === "left")) {
      this.#finish("ended", "");
      return;
    }
    if (JSON.stringify(body.participants) !== before) this.emit("participants", body.participants ?? []);
    if (this.state !== "reconnecting") this.#become(body.status);
  }
  // lost is for what ended without a word: the server may know why.
  async #lost(error) {
    if (gone(error) || error instanceof ApiError && error.status === 409) await this.#look();
    const message = error instanceof Error ? error.message : String(error);
    if (!this.#stop.signal.aborted) void this.#cfg.api.do("POST /calls/{id}/end", { id: this.id }, { keepalive: true }).catch(() => void 0);
    this.#finish(gone(error) ? "ended" : "failed", message);
  }
  #become(state) {
    if (this.#stop.signal.aborted || state === this.state) return;
    this.state = state;
    if (state === "active" && this.since === 0) this.since = Date.now();
    this.emit("state", { state, cause: this.cause });
  }
  #finish(state, cause) {
    if (this.#stop.signal.aborted) return;
    this.state = state = this.#leaving ? "ended" : state;
    this.cause = cause = this.#leaving ? "" : cause;
    this.#stop.abort();
    for (const off of this.#off) off();
    this.#signaling.stop();
    this.#video.close();
    this.#chat?.close();
    this.#peer.close();
    this.#silence();
    this.#cfg.over(this);
    this.emit("state", { state, cause });
  }
};

// src/devices.ts
var kinds = { audioinput: "microphone", videoinput: "camera", audiooutput: "speaker" };
var Devices = class extends Emitter {
  constructor(env) {
    super();
    this.env = env;
    env.mediaDevices?.addEventListener?.("devicechange", this.#changed);
  }
  #chosen = {};
  #players = /* @__PURE__ */ new Set();
  #changed = () => {
    this.list().then((all) => this.emit("change", all)).catch((error) => console.warn("skybridge: devices:", error));
  };
  // close ends the change events; the rest goes on for calls that are under way.
  close() {
    this.env.mediaDevices?.removeEventListener?.("devicechange", this.#changed);
  }
  // list is what there is. Names are empty until the user has allowed the use of one.
  async list() {
    const all = await this.env.mediaDevices?.enumerateDevices?.();
    return (all ?? []).flatMap(({ deviceId: id, kind, label: name }) => {
      const known2 = kinds[kind];
      return known2 ? [{ id, kind: known2, name }] : [];
    });
  }
  chosen(kind) {
    return this.#chosen[kind] ?? "";
  }
  // choose has later captures use a device; "" is the system's own choice. For calls that
  // are under way, Call.use does it. Speakers change at once, for all that plays.
  async choose(kind, id) {
    this.#chosen[kind] = id;
    if (kind === "speaker") await Promise.all([...this.#players].map((p) => p.setSinkId?.(id)));
  }
  // plays makes an element follow the choice of a speaker, until the function it gives is called.
  plays(element) {
    this.#players.add(element);
    const id = this.#chosen.speaker;
    if (id) element.setSinkId?.(id).catch((error) => console.warn("skybridge: speaker:", error));
    return () => void this.#players.delete(element);
  }
  // capture opens the microphone, and the camera where it is wanted.
  async capture({ audio = true, video = false } = {}) {
    if (!this.env.mediaDevices) throw new Error("There is no access to a microphone here: a page needs HTTPS, or localhost.");
    const of = (kind) => this.#chosen[kind] ? { deviceId: { exact: this.#chosen[kind] } } : {};
    return this.env.mediaDevices.getUserMedia({
      audio: audio && { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...of("microphone") },
      video: video && { width: { ideal: 1280 }, height: { ideal: 720 }, ...of("camera") }
    });
  }
  // screen asks the user for a screen or window to share.
  async screen() {
    if (!this.env.mediaDevices?.getDisplayMedia) throw new Error("Screens cannot be shared from here.");
    return this.env.mediaDevices.getDisplayMedia({ video: true, audio: false });
  }
};

// src/environment.ts
function surroundings(given = {}) {
  const here = globalThis;
  const fetch = given.fetch ?? here.fetch;
  if (!fetch) throw new Error("skybridge: there is no fetch here; give one");
  return {
    fetch: (url, init) => fetch(url, init),
    // a browser's fetch wants no other this
    WebSocket: "WebSocket" in given ? given.WebSocket : here.WebSocket,
    RTCPeerConnection: given.RTCPeerConnection ?? here.RTCPeerConnection,
    MediaStream: given.MediaStream ?? here.MediaStream,
    mediaDevices: given.mediaDevices ?? here.navigator?.mediaDevices,
    storage: given.storage ?? stored(() => here.sessionStorage),
    network: given.network ?? {
      online: here.addEventListener ? here : void 0,
      connection: here.navigator?.connection
    }
  };
}
function stored(get) {
  try {
    return get();
  } catch {
    return void 0;
  }
}

// src/mailbox.ts
var known = 2e3;
var pages = 10;
var Mailbox = class {
  constructor(api, user, tell) {
    this.api = api;
    this.user = user;
    this.tell = tell;
  }
  #known = /* @__PURE__ */ new Map();
  // by id, whether it was told; else it is of before we came
  #came = false;
  // what is of before is known
  #due = false;
  // something may wait
  #mute = false;
  // messages are not for us, or for us no more
  #reading = null;
  // heard tells a message, once.
  heard(message) {
    if (this.#known.get(message.id)) return;
    this.#know(message.id, true);
    this.tell(message);
  }
  #know(id, told) {
    this.#known.delete(id);
    this.#known.set(id, told);
    if (this.#known.size > known) for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }
  // ask reads what nobody pushes: what has been written since we came, which another client of this
  // user may have had, and what waits for us. What is pushed needs that only after a read that failed.
  ask(pushed) {
    if (pushed && !this.#due) return Promise.resolve();
    return this.#once(async () => {
      if (this.user() === "") this.#due = true;
      else if (!pushed) await this.#written();
      await this.#waiting();
    });
  }
  // close has nothing be told or noted from what is being read.
  close() {
    this.#mute = true;
  }
  // waits reads what waits beside what is pushed.
  waits() {
    this.#due = true;
    return this.ask(true);
  }
  #once(read) {
    if (this.#mute) return Promise.resolve();
    return this.#reading ??= read().catch((error) => {
      if (!(error instanceof ApiError) || ![403, 404].includes(error.status)) throw error;
      this.#mute = true;
    }).finally(() => {
      this.#reading = null;
    });
  }
  async #written() {
    const fresh = [];
    let cursor = "";
    for (let page = 0; page < pages; page++) {
      const { items, next_cursor: next } = await this.api.do("GET /messages", {}, { query: { cursor } });
      if (this.#mute) return;
      const before = items.findLastIndex(({ id }) => this.#known.has(id));
      fresh.push(...(before < 0 || !this.#came ? items : items.slice(0, before)).filter(({ id }) => !this.#known.has(id)));
      if (!this.#came || before >= 0 || !next) break;
      cursor = next;
    }
    for (const message of fresh.reverse()) {
      if (this.#came && message.from !== this.user()) this.heard(message);
      else this.#know(message.id, false);
    }
    this.#due ||= !this.#came || fresh.some(({ from }) => from !== this.user());
    this.#came = true;
  }
  // waiting tells what waits, page by page, and then the server that we had it. What it is not told it
  // shows again.
  async #waiting() {
    while (this.#due) {
      this.#due = false;
      try {
        for (let cursor = ""; typeof cursor === "string"; ) {
          const page = await this.api.do("GET /messages", {}, { query: { waiting: true, cursor } });
          if (this.#mute) return;
          for (const message of page.items) this.heard(message);
          if (page.items.length > 0) await this.api.do("POST /messages/had", {}, { body: { ids: page.items.map(({ id }) => id) } });
          cursor = page.next_cursor;
        }
      } catch (error) {
        this.#due = true;
        throw error;
      }
    }
  }
};

// src/room.ts
var passing = /* @__PURE__ */ new Set(["levels", "active_speaker", "dtmf"]);
var Room = class extends Emitter {
  // the server pushes what happens here
  constructor(api, socket, call, joined) {
    super();
    this.api = api;
    this.socket = socket;
    this.call = call;
    this.id = joined.room_id;
    call.place = `room:${joined.room_id}`;
    this.participantId = joined.participant_id;
    this.role = joined.role;
    this.#off = [
      socket.want(`room:${this.id}`),
      socket.on("frame", (frame) => {
        if (frame.room_id !== this.id && frame.channel !== `room:${this.id}`) return;
        this.#told = true;
        this.emit("event", frame);
        if (!passing.has(String(frame.event))) void this.refresh();
      }),
      socket.on("open", () => void this.refresh()),
      call.on("state", ({ state, cause }) => {
        if (state !== "ended" && state !== "failed") return;
        this.#stop.abort();
        for (const off of this.#off) off();
        this.emit("ended", { cause });
      })
    ];
    void this.#watch();
  }
  id;
  participantId;
  role;
  body = null;
  #stop = new AbortController();
  #off;
  #reading = false;
  #again = false;
  #told = false;
  // send says something to all who are in the room; call.chat tells what others say.
  send(body) {
    return this.call.chat.send(body);
  }
  get participants() {
    return this.body?.participants ?? [];
  }
  // refresh reads who is there; of several at once, the last is the one that counts.
  async refresh() {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    try {
      do {
        this.#again = false;
        const body = await this.api.do("GET /rooms/{id}", { id: this.id });
        const before = JSON.stringify(this.body?.participants);
        this.body = body;
        this.role = body.participants?.find((p) => p.id === this.participantId)?.role ?? this.role;
        if (JSON.stringify(body.participants) !== before) this.emit("participants", body.participants ?? []);
      } while (this.#again && !this.#stop.signal.aborted);
    } catch (error) {
      if (!this.#stop.signal.aborted) console.warn("skybridge: room:", error);
    } finally {
      this.#reading = false;
    }
  }
  async #watch() {
    while (!this.#stop.signal.aborted) {
      await this.refresh();
      await pause(this.#told && this.socket.open ? 15e3 : 3e3, this.#stop.signal);
    }
  }
  async leave() {
    await this.call.hangUp();
  }
  // invite has the server ring an endpoint into the room.
  async invite(endpoint) {
    await this.api.do("POST /rooms/{id}/join", { id: this.id }, { body: { endpoint } });
  }
  // ---- for moderators
  async muteParticipant(id) {
    await this.api.do("POST /rooms/{id}/participants/{pid}/mute", { id: this.id, pid: id });
  }
  async unmuteParticipant(id) {
    await this.api.do("POST /rooms/{id}/participants/{pid}/unmute", { id: this.id, pid: id });
  }
  async kick(id) {
    await this.api.do("POST /rooms/{id}/participants/{pid}/kick", { id: this.id, pid: id });
  }
  async setRole(id, role) {
    await this.api.do("POST /rooms/{id}/participants/{pid}/role", { id: this.id, pid: id }, { body: { role } });
  }
  async lock() {
    await this.api.do("POST /rooms/{id}/lock", { id: this.id });
  }
  async unlock() {
    await this.api.do("POST /rooms/{id}/unlock", { id: this.id });
  }
  async record() {
    await this.api.do("POST /rooms/{id}/record", { id: this.id });
  }
  async stopRecording() {
    await this.api.do("POST /rooms/{id}/record/stop", { id: this.id });
  }
};

// src/client.ts
var storageKey = "skybridge.call";
var Client = class extends Emitter {
  api;
  devices;
  calls = /* @__PURE__ */ new Map();
  user = "";
  #env;
  #socket;
  #stop = new AbortController();
  #ringing = /* @__PURE__ */ new Map();
  #decided = /* @__PURE__ */ new Set();
  // calls that ring no more here, whatever the server still shows
  #looking = false;
  #told = false;
  // the server pushes what happens to calls
  #mailbox;
  #patience;
  constructor(options) {
    super();
    this.#env = surroundings(options.environment);
    const page = globalThis.location?.origin;
    const url = options.url ?? page;
    if (!url) throw new Error("skybridge: give the server's url");
    this.api = new Api(url.replace(/\/+$/, ""), options.token, this.#env);
    this.devices = new Devices(this.#env);
    this.#socket = new Socket(this.api, this.#env);
    this.#mailbox = new Mailbox(this.api, () => this.user, (message) => {
      this.emit("message", message);
      for (const call of this.calls.values()) call.told(message);
    });
    this.#patience = options.patience ?? 3e4;
  }
  // connect checks the token and begins to listen: to incoming calls, presence, messages. Where that
  // fails it can be done again.
  async connect() {
    this.user = userOf(await this.api.token());
    await this.#look();
    if (this.#stop.signal.aborted) throw new Error("the client is closed");
    this.#socket.want("calls");
    this.#socket.want("signaling");
    this.#socket.on("frame", (frame) => this.#frame(frame));
    this.#socket.on("open", () => {
      this.user ||= this.#socket.user;
      this.emit("connection", { pushed: true, reason: "" });
      void this.#look();
    });
    this.#socket.on("lost", ({ reason }) => this.emit("connection", { pushed: false, reason }));
    if (this.#socket.possible) void this.#socket.run();
    for (const [target, type] of this.#networkEvents()) target.addEventListener(type, this.#networkChanged);
    void this.#watch();
  }
  // close ends what connect began; calls that are under way go on until they are hung up.
  close() {
    this.#stop.abort();
    this.#socket.close();
    this.#mailbox.close();
    this.devices.close();
    for (const [target, type] of this.#networkEvents()) target.removeEventListener(type, this.#networkChanged);
  }
  get pushed() {
    return this.#socket.open;
  }
  #networkEvents() {
    const { online, connection } = this.#env.network ?? {};
    return [...online ? [[online, "online"]] : [], ...connection ? [[connection, "change"]] : []].map(([t, e]) => [t, e]);
  }
  // networkChanged has every call look for a new path, at once. React Native's app calls it
  // when NetInfo says so.
  networkChanged = () => {
    this.#socket.retry();
    for (const call of this.calls.values()) call.networkChanged();
  };
  #networkChanged = this.networkChanged;
  // ---- calls
  // call calls endpoints ("SIP/1001", "WebRTC/anna") or, without a slash, a phone's number.
  async call(target, options = {}) {
    const participants = [target].flat().map(endpointOf);
    const body = { participants, call_type: options.video ? "video" : "audio" };
    if (options.metadata) body.metadata = options.metadata;
    if (options.callerId) body.caller_id = options.callerId;
    if (options.timeout) body.timeout = options.timeout;
    return this.#begin(options, async () => {
      const made = await this.api.do("POST /calls", {}, { body, once: true });
      return { id: made.id, iceServers: made.ice_servers };
    });
  }
  // incoming are the calls that ring for this user now.
  get incoming() {
    return [...this.#ringing.values()];
  }
  // list is the user's calls, as the server shows them.
  list() {
    return this.api.all("/calls");
  }
  async #begin(options, make) {
    const local = options.local ?? await this.devices.capture(options);
    let id = "";
    try {
      const made = await make();
      id = made.id;
      const call = new Call({
        api: this.api,
        socket: this.#socket,
        env: this.#env,
        devices: this.devices,
        id,
        local,
        user: () => this.user,
        patience: this.#patience,
        receiveVideo: options.receiveVideo ?? options.video ?? false,
        iceServers: (made.iceServers ?? []).flatMap((s) => s.urls ? [s] : []),
        say: (to, body) => this.sendMessage(to, body),
        heard: (message) => this.#mailbox.heard(message),
        over: (ended) => {
          this.calls.delete(ended.id);
          if (this.#env.storage?.getItem(storageKey) === ended.id) this.#env.storage.removeItem(storageKey);
        }
      });
      this.calls.set(id, call);
      this.#env.storage?.setItem(storageKey, id);
      await call.start();
      return call;
    } catch (error) {
      if (!options.local) for (const track of local.getTracks()) track.stop();
      throw error;
    }
  }
  // resume goes on with the call that this page was in before it was loaded again; null
  // where there is none any more.
  async resume(options = {}) {
    const id = this.#env.storage?.getItem(storageKey);
    if (!id || this.calls.has(id)) return null;
    const body = await this.api.do("GET /calls/{id}", { id }).catch(() => null);
    if (!body || body.status === "ended") {
      this.#env.storage?.removeItem(storageKey);
      return null;
    }
    return this.#begin({ video: body.call_type === "video", ...options }, async () => ({ id, iceServers: body.ice_servers }));
  }
  // ---- rooms
  rooms = {
    list: () => this.api.all("/rooms"),
    get: (id) => this.api.do("GET /rooms/{id}", { id }),
    create: (room) => this.api.do("POST /rooms", {}, { body: room, once: true }),
    change: (id, room) => this.api.do("PATCH /rooms/{id}", { id }, { body: room }),
    remove: async (id) => {
      await this.api.do("DELETE /rooms/{id}", { id });
    },
    join: async (id, options = {}) => {
      let joined;
      const call = await this.#begin(options, async () => {
        const body = {};
        if (options.pin) body.pin = options.pin;
        if (options.role) body.role = options.role;
        joined = await this.api.do("POST /rooms/{id}/join", { id }, { body });
        return { id: joined.call_id, iceServers: joined.ice_servers };
      });
      return new Room(this.api, this.#socket, call, joined);
    }
  };
  // ---- presence, which needs the WebSocket, and messages
  // setPresence tells others how this user is: "online", "busy", "away", "offline".
  async setPresence(status, message = "") {
    await this.#socket.ask({ type: "PresenceUpdate", user_id: this.user, status, status_message: message });
  }
  // watchPresence has a user's presence told, until the function it gives is called.
  watchPresence(user) {
    return this.#socket.want(`presence:${user}`);
  }
  // sendMessage sends text to a user, or to all in a room or call that this user is in
  // ("room:ID", "call:ID"); Call.chat sends those by the call's own data channel.
  async sendMessage(to, body) {
    if (!this.#socket.open) return this.api.do("POST /messages", {}, { body: { to, body }, once: true });
    return await this.#socket.ask({ type: "Message", to, body });
  }
  // messages are the latest, newest first: with a user, of a room, or all.
  async messages(of = {}) {
    return (await this.api.do("GET /messages", {}, { query: of })).items;
  }
  // ---- what happens
  #frame(frame) {
    this.emit("frame", frame);
    switch (frame.type) {
      case "Call":
        if (frame.event !== "current") this.#told = true;
        if (frame.call) this.#see(frame.call);
        else void this.#look();
        break;
      case "Presence":
        this.emit("presence", frame);
        break;
      case "Message":
        if (frame.in_reply_to === void 0) this.#mailbox.heard(frame);
        break;
      case "MessagesWaiting":
        this.#mailbox.waits().catch(this.#failed);
        break;
    }
  }
  // failed is for what is asked for again in a while.
  #failed = (error) => this.emit("connection", { pushed: this.#socket.open, reason: String(error) });
  // messages asks for what nobody pushes, for those who listen: what is read counts as had.
  async #messages() {
    const pushed = this.#socket.open;
    if (pushed || this.calls.size > 0 || this.listened("message")) await this.#mailbox.ask(pushed);
  }
  async #watch() {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await pause(this.#told && this.#socket.open ? 3e4 : 2e3, signal);
      if (!signal.aborted) await Promise.all([this.#look(), this.#messages()]).catch(this.#failed);
    }
  }
  // look reads the calls and finds those that ring for us.
  async #look() {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const calls = await this.api.all("/calls");
      const ids = new Set(calls.map((c) => c.id));
      for (const call of calls) this.#see(call);
      for (const [id, ring] of this.#ringing) if (!ids.has(id)) this.#silence(ring);
    } finally {
      this.#looking = false;
    }
  }
  #see(body) {
    const rings = body.status !== "ended" && this.user !== "" && !this.calls.has(body.id) && !this.#decided.has(body.id) && body.participants?.some((p) => p.user_id === this.user && p.state === "ringing" && p.role !== "caller");
    const known2 = this.#ringing.get(body.id);
    if (rings && !known2) {
      const ring = this.#ring(body);
      this.#ringing.set(body.id, ring);
      this.emit("incoming", ring);
    } else if (!rings && known2) {
      this.#silence(known2);
    }
  }
  #silence(ring) {
    this.#ringing.delete(ring.id);
    this.emit("incomingEnded", ring);
  }
  #ring(body) {
    const { id } = body;
    return {
      id,
      body,
      caller: String(body.metadata?.caller_id || body.created_by || ""),
      accept: async (options = {}) => {
        this.#decided.add(id);
        this.#ringing.delete(id);
        try {
          return await this.#begin({ video: body.call_type === "video", ...options }, async () => {
            const taken2 = await this.api.do("POST /calls/{id}/accept", { id });
            return { id, iceServers: taken2.ice_servers ?? body.ice_servers };
          });
        } catch (error) {
          this.#decided.delete(id);
          throw error;
        }
      },
      decline: async () => {
        this.#decided.add(id);
        this.#ringing.delete(id);
        await this.api.do("POST /calls/{id}/end", { id });
      }
    };
  }
};
async function connect(options) {
  const client = new Client(options);
  await client.connect();
  return client;
}

// src/compat-link.ts
var patience = 1e4;
var Link = class {
  constructor(fetch, base, id, headers) {
    this.fetch = fetch;
    this.base = base;
    this.id = id;
    this.headers = new Headers({ "Content-Type": "application/json" });
    for (const name of ["Authorization", "X-API-Key"]) {
      const value = headers.get(name);
      if (value) this.headers.set(name, value);
    }
  }
  taken = false;
  // a connection of the page belongs to it
  iceServers = [];
  headers;
  #stop = new AbortController();
  #following = false;
  #url(query = "") {
    return `${this.base}/calls/${encodeURIComponent(this.id)}/signaling${query}`;
  }
  // send gives the server a message and takes what it keeps of it.
  async send(type, payload, keepalive = false) {
    const { fetch } = this;
    const body = JSON.stringify({ to_user: "server", message_type: type, payload });
    const response = await fetch(this.#url(), { method: "POST", headers: this.headers, body, keepalive });
    if (!response.ok) throw new Error(`${type}: the server answered ${response.status}`);
    return response.json();
  }
  // leave hangs up, once.
  leave() {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.send("hangup", {}, true).catch(() => void 0);
  }
  // follow takes the server's messages for as long as the call lives; once is enough.
  async follow(takes) {
    if (this.#following) return;
    this.#following = true;
    const { fetch } = this;
    const { signal } = this.#stop;
    for (let after = 0, failures = 0; !signal.aborted; ) {
      try {
        const response = await fetch(this.#url(`?after=${after}&wait=25`), { headers: this.headers, signal });
        if ([401, 403, 404, 409, 410].includes(response.status)) break;
        if (!response.ok) throw new Error(`the server answered ${response.status}`);
        const { items } = await response.json();
        failures = 0;
        for (const message of items) {
          after = Math.max(after, message.seq);
          if (await this.#take(takes, message)) return;
        }
      } catch {
        if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** failures++, patience)));
      }
    }
    if (!signal.aborted) this.#over(takes);
  }
  #over(takes) {
    this.#stop.abort();
    takes.over();
  }
  // take acts upon one message, and tells whether it was the last.
  async #take(takes, message) {
    const { message_type: type, payload } = message;
    try {
      switch (type) {
        case "offer":
          if (payload?.sdp) await takes.offer({ type, sdp: payload.sdp });
          break;
        case "ice_candidate": {
          const candidate = candidateIn2(payload);
          if (candidate) await takes.candidate(candidate);
          break;
        }
        case "hangup":
          this.#over(takes);
          return true;
      }
    } catch (error) {
      console.warn(`skybridge compat: message ${type}:`, error);
    }
    return false;
  }
};
function answerIn(message) {
  const payload = message?.reply?.payload;
  return typeof payload?.sdp === "string" ? { type: "answer", sdp: payload.sdp } : null;
}
function candidateIn2(payload) {
  const outer = payload;
  const inner = typeof outer?.candidate === "object" ? outer.candidate : outer;
  return inner?.candidate ? inner : null;
}

// src/compat.ts
var callsPath = /^(.*\/api\/v1\/voip)\/calls\/?$/;
var signalingPath = /^(.*\/api\/v1\/voip)\/calls\/([^/]+)\/signaling\/?$/;
var Side = class {
  // candidates of the server before its answer
  constructor(pc) {
    this.pc = pc;
  }
  link = null;
  pageOffers = false;
  // the page makes its offers itself
  pageListens = /* @__PURE__ */ new Set();
  // events that the page has listeners for
  answer = "";
  // the last answer that was set here, not by the page
  early = [];
};
function install(options = {}) {
  const page = globalThis;
  const plainFetch = page.fetch;
  const Plain = page.RTCPeerConnection;
  const setLocal = Plain.prototype.setLocalDescription;
  const setRemote = Plain.prototype.setRemoteDescription;
  const sides = /* @__PURE__ */ new Map();
  const links = /* @__PURE__ */ new Map();
  let latest = null;
  const token = () => {
    if (typeof options.token === "function") return options.token();
    return options.token ?? page.localStorage?.getItem("sge_jwt_token") ?? null;
  };
  const known2 = (base, id, headers) => {
    let link = links.get(id);
    if (!link) {
      link = new Link(plainFetch, base, id, headers);
      links.set(id, link);
    }
    return link;
  };
  const reads = (response, link) => {
    const json = response.json.bind(response);
    response.json = async () => {
      const value = await json();
      latest = link;
      return value;
    };
  };
  const created = async (response, base, headers) => {
    const call = await response.clone().json();
    if (!isCall(call)) return;
    const link = known2(base, call.id, headers);
    link.iceServers = (call.ice_servers ?? []).filter((s) => s.urls?.length);
    latest = link;
    reads(response, link);
  };
  const offered = async (response, base, id, headers, body) => {
    const sent = JSON.parse(body);
    if (!isOffer(sent)) return;
    const answer = answerIn(await response.clone().json());
    const side = [...sides.values()].find((s) => origin(s.pc.localDescription?.sdp) === origin(sent.payload.sdp));
    if (!answer || !side) return;
    attach(side, known2(base, id, headers));
    await answered(side, answer);
    follow(side, known2(base, id, headers));
  };
  page.fetch = async (input, init) => {
    const request = input instanceof Request ? input : null;
    const method = (init?.method ?? request?.method ?? "GET").toUpperCase();
    const url = new URL(request?.url ?? String(input), page.location?.href);
    const call = method === "POST" ? callsPath.exec(url.pathname) : null;
    const message = method === "POST" ? signalingPath.exec(url.pathname) : null;
    if (!call && !message) return plainFetch(input, init);
    const headers = new Headers(init?.headers ?? request?.headers);
    const body = message ? typeof init?.body === "string" ? init.body : await request?.clone().text() ?? "" : "";
    const response = await plainFetch(input, init);
    if (response.status !== 201) return response;
    try {
      if (call) await created(response, url.origin + call[1], headers);
      if (message) await offered(response, url.origin + message[1], message[2], headers, body);
    } catch (error) {
      report("an answer of the server is not understood", error);
    }
    return response;
  };
  const attach = (side, link) => {
    if (side.link) return;
    side.link = link;
    link.taken = true;
  };
  const follow = (side, link) => {
    void link.follow({
      offer: async (offer2) => {
        await setRemote.call(side.pc, offer2);
        await setLocal.call(side.pc);
        await link.send("answer", side.pc.localDescription);
      },
      candidate: async (candidate) => {
        if (side.pc.remoteDescription) await side.pc.addIceCandidate(candidate);
        else side.early.push(candidate);
      },
      over: () => side.pc.close()
    });
  };
  const answered = async (side, answer) => {
    if (side.pc.signalingState !== "have-local-offer") return;
    side.answer = answer.sdp ?? "";
    await setRemote.call(side.pc, answer);
    for (const candidate of side.early.splice(0)) await side.pc.addIceCandidate(candidate);
  };
  const offer = async (side) => {
    const { link, pc } = side;
    if (!link || pc.signalingState !== "stable") return;
    await setLocal.call(pc);
    const answer = answerIn(await link.send("offer", pc.localDescription));
    if (answer) await answered(side, answer);
    follow(side, link);
  };
  const needed = (side) => {
    setTimeout(() => {
      if (side.pageOffers || side.pc.signalingState === "closed") return;
      if (!side.link && latest && !latest.taken) attach(side, latest);
      offer(side).catch((error) => report("the call is not connected", error));
    });
  };
  const found = (side, candidate) => {
    if (!candidate || !side.link || side.pc.onicecandidate || side.pageListens.has("icecandidate")) return;
    side.link.send("ice_candidate", candidate).catch((error) => report("a candidate is not sent", error));
  };
  const heard = ({ track, streams }, side) => {
    setTimeout(() => {
      if (!side.link || side.pc.ontrack || side.pageListens.has("track")) return;
      const element = document.getElementById(`remote-${track.kind}`);
      const player = element instanceof HTMLMediaElement ? element : new Audio();
      player.srcObject = streams[0] ?? new MediaStream([track]);
      player.play().catch((error) => report("the browser does not play the call", error));
    });
  };
  class Bridged extends Plain {
    constructor(configuration) {
      const link = latest && !latest.taken ? latest : null;
      super(link ? { ...configuration, iceServers: [...configuration?.iceServers ?? [], ...link.iceServers] } : configuration);
      const side = new Side(this);
      super.addEventListener("negotiationneeded", () => needed(side));
      super.addEventListener("icecandidate", ({ candidate }) => found(side, candidate));
      super.addEventListener("track", (event) => heard(event, side));
      super.addEventListener("connectionstatechange", () => {
        if (this.connectionState === "failed" && side.link && !side.pageOffers) this.restartIce();
      });
      sides.set(this, side);
      if (link) attach(side, link);
    }
    addEventListener(type, ...rest) {
      sides.get(this)?.pageListens.add(type);
      super.addEventListener(type, rest[0], rest[1]);
    }
    createOffer(options2) {
      sides.get(this).pageOffers = true;
      return super.createOffer(options2);
    }
    async setLocalDescription(description) {
      if (description?.type !== "answer") sides.get(this).pageOffers ||= this.signalingState !== "have-remote-offer";
      await super.setLocalDescription(description);
    }
    async setRemoteDescription(description) {
      if (description.type === "answer" && description.sdp === sides.get(this)?.answer) return;
      await super.setRemoteDescription(description);
    }
    // Closing the connection is how a page leaves its call: the examples have no other way.
    close() {
      const side = sides.get(this);
      sides.delete(this);
      super.close();
      side?.link?.leave();
    }
  }
  page.RTCPeerConnection = Bridged;
  const missing = {
    jwtToken: token,
    callId: () => latest?.id,
    rtcConfiguration: () => ({ iceServers: latest?.iceServers ?? [] }),
    sendSignalingMessage: () => async (id, type, payload) => {
      const link = links.get(id);
      if (!link) throw new Error(`sendSignalingMessage: no call ${id} was made on this page`);
      const body = JSON.stringify({ to_user: "server", message_type: type, payload });
      const response = await page.fetch(`${link.base}/calls/${id}/signaling`, { method: "POST", headers: link.headers, body });
      if (!response.ok) throw new Error(`signaling: the server answered ${response.status}`);
      return response.json();
    }
  };
  const defined = [];
  for (const [name, get] of Object.entries(missing)) {
    if (name in page) continue;
    const set = (value) => {
      Object.defineProperty(page, name, { value, writable: true, configurable: true, enumerable: true });
    };
    Object.defineProperty(page, name, { get, set, configurable: true, enumerable: false });
    defined.push(name);
  }
  const goes = () => {
    for (const side of sides.values()) side.link?.leave();
  };
  page.addEventListener?.("pagehide", goes);
  return () => {
    page.fetch = plainFetch;
    page.RTCPeerConnection = Plain;
    for (const name of defined) delete page[name];
    page.removeEventListener?.("pagehide", goes);
  };
}
function report(what, error) {
  console.error(`skybridge compat: ${what}:`, error instanceof Error ? error.message : error);
}
function origin(sdp = "") {
  return /^o=.*$/m.exec(sdp)?.[0].trim();
}
function isCall(value) {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string";
}
function isOffer(value) {
  const message = value;
  return message?.message_type === "offer" && typeof message.payload?.sdp === "string";
}
export {
  ApiError,
  Call,
  Chat,
  Client,
  Devices,
  FrameError,
  Meter,
  Room,
  Socket,
  connect,
  install as installCompat
};
