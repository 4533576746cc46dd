// The WebSocket /ws/auth: what happens is pushed, and what was missed while the network
// was away is sent again.

import type { Api } from "./api.js";
import { Emitter, pause } from "./emitter.js";
import type { Environment, Socket as Plain } from "./environment.js";

// Frame is one of the server's.
export interface Frame {
  type: string;
  seq?: number;
  timestamp?: string;
  in_reply_to?: string | number;
  [member: string]: unknown;
}

// FrameError is what the server says of a frame of ours.
export class FrameError extends Error {
  override readonly name = "FrameError";
  constructor(readonly code: string, detail: string) {
    super(detail);
  }
}

interface SocketEvents {
  frame: Frame;
  // open: frames come from now on. fresh says that what happened before is not known.
  open: { fresh: boolean };
  lost: { reason: string };
}

interface Waiting {
  frame: Frame;
  settle: (answer: Frame) => void;
  fail: (error: Error) => void;
}

const unauthorized = 4401;
const answers = new Set(["Subscribed", "Unsubscribed", "Resumed", "Gap", "Renewed", "Sent"]);

export interface SocketTimes {
  // patience is the longest pause between two attempts, in ms.
  patience: number;
  // answer is how long the server may take to answer a frame, in ms.
  answer: number;
}

export class Socket extends Emitter<SocketEvents> {
  session = "";
  user = "";
  open = false;
  #seq = 0;
  #ids = 0;
  #conn: Plain | null = null;
  #waiting = new Map<string, Waiting>();
  #channels = new Map<string, number>(); // how many want each
  #stop = new AbortController();
  #hurry = new AbortController(); // cuts the pause before the next attempt

  constructor(private readonly api: Api, private readonly env: Environment,
    private readonly times: SocketTimes = { patience: 15_000, answer: 20_000 }) {
    super();
  }

  // possible tells whether there are WebSockets here; a server that has none is found out by run.
  get possible(): boolean {
    return this.env.WebSocket !== undefined && typeof this.api.credentials !== "object";
  }

  // run keeps a connection until close.
  async run(): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted;) {
      let was = false;
      let reason = "";
      try {
        reason = await this.#connect(() => { was = true; });
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
  retry(): void {
    this.#hurry.abort();
  }

  close(): void {
    this.#stop.abort();
    this.#hurry.abort();
    const was = this.open;
    this.open = false;
    this.#conn?.close(1000);
    if (was) this.emit("lost", { reason: "closed" }); // calls that are under way ask from now on
  }

  // connect has a connection until it ends, and gives why it did.
  async #connect(welcomed: () => void): Promise<string> {
    const { WebSocket } = this.env;
    if (!WebSocket) throw new Error("there are no WebSockets here");
    const token = await this.api.token();
    if (this.#stop.signal.aborted) return "closed";
    const url = this.api.url.replace(/^http/, "ws") + "/ws/auth";
    // The token is a subprotocol, not a part of the URL: URLs are logged.
    const conn = this.#conn = new WebSocket(url, ["bearer", token]);
    return new Promise((resolve) => {
      conn.onmessage = ({ data }: { data: unknown }) => {
        if (typeof data !== "string") return;
        let frame: Frame;
        try {
          frame = JSON.parse(data) as Frame;
        } catch {
          return; // not the server's
        }
        if (frame.type === "Welcome") {
          welcomed();
          this.#welcome(frame).catch((error: unknown) => {
            console.warn("skybridge: resume:", error);
            conn.close(4000);
          });
          return;
        }
        this.#take(frame);
      };
      conn.onerror = () => undefined; // onclose follows
      conn.onclose = ({ code, reason }: { code: number; reason: string }) =>
        resolve(code === unauthorized ? "the token is not accepted" : reason || `closed with ${code}`);
    });
  }

  // welcome goes on with the session before, or begins one.
  async #welcome(frame: Frame): Promise<void> {
    const before = this.session;
    const after = this.#seq;
    this.user = String(frame.user_id ?? "");
    this.session = String(frame.session ?? "");
    this.#seq = frame.seq ?? 0;
    let fresh = true;
    if (before) {
      const own = this.session;
      this.session = before; // what is replayed before the answer belongs to it
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

  #take(frame: Frame): void {
    if (frame.seq) {
      if (frame.seq <= this.#seq && frame.type !== "Gap") return; // it was replayed and comes again
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
  ask(frame: Frame): Promise<Frame> {
    if (!this.open) return Promise.reject(new FrameError("lost", "there is no connection to the server"));
    return this.#ask(frame);
  }

  #ask(frame: Frame): Promise<Frame> {
    const id = `${++this.#ids}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new FrameError("timeout", `${frame.type}: the server does not answer`));
      }, this.times.answer);
      this.#waiting.set(id, {
        frame,
        settle: (answer) => { clearTimeout(timer); resolve(answer); },
        fail: (error) => { clearTimeout(timer); reject(error); },
      });
      this.#conn?.send(JSON.stringify({ ...frame, id }));
    });
  }

  // want subscribes to a channel, until the function it gives is called.
  want(channel: string): () => void {
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
      if (this.open) this.#ask({ type: "Unsubscribe", channel }).catch(() => undefined); // it ended with what it was about
    };
  }

  #subscribe(channel: string): void {
    this.#ask({ type: "Subscribe", channel }).catch((error: unknown) => console.warn(`skybridge: ${channel}:`, error));
  }
}
