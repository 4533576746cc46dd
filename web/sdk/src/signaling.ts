// The server's messages for one call: pushed over the WebSocket where there is one, else
// by long polling. A message is given once, in order, however it came.

import { type Api, ApiError, type SignalingMessage, gone } from "./api.js";
import { pause } from "./emitter.js";
import type { Frame, Socket } from "./socket.js";

const longPoll = 25; // seconds

export class Signaling {
  #after = 0;
  #stop = new AbortController();
  #polling: AbortController | null = null;
  #chain: Promise<void> = Promise.resolve();
  #off: (() => void)[] = [];
  // What is pushed while older messages are being read waits for these; null at other times.
  #pushed: SignalingMessage[] | null = null;
  #reading = 0; // how many reads of older messages there were: the newest one counts

  constructor(private readonly api: Api, private readonly socket: Socket, private readonly call: string,
    private readonly take: (message: SignalingMessage) => Promise<void>, private readonly lost: (error: unknown) => void) {}

  // start follows the messages after the one of a number.
  start(after: number): void {
    this.#after = after;
    this.#off = [
      this.socket.want("signaling"),
      this.socket.on("frame", (frame) => this.#frame(frame)),
      this.socket.on("open", ({ fresh }) => this.#open(fresh)),
      this.socket.on("lost", () => void this.#poll()),
    ];
    void this.#poll();
    if (this.socket.open) this.#open(true);
  }

  stop(): void {
    for (const off of this.#off) off();
    this.#stop.abort();
    this.#polling?.abort();
  }

  // open ends the polling: with it, what came before the socket did is read once more.
  #open(fresh: boolean): void {
    this.#polling?.abort();
    this.#polling = null;
    if (fresh) void this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    const own = ++this.#reading;
    this.#pushed ??= [];
    for (let failures = 0; own === this.#reading;) {
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

  #frame(frame: Frame): void {
    if (frame.type !== "Signaling") return;
    const message = (frame.message ?? frame) as SignalingMessage;
    if (message.call_id !== this.call || !message.message_type) return;
    if (this.#pushed) this.#pushed.push(message);
    else this.#next(message);
  }

  async #poll(): Promise<void> {
    if (this.#polling || this.#stop.signal.aborted) return;
    const own = this.#polling = new AbortController();
    for (let failures = 0; !own.signal.aborted && !this.#stop.signal.aborted;) {
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
  async #goesOn(error: unknown, failures: number, asking: AbortSignal): Promise<boolean> {
    if (asking.aborted || this.#stop.signal.aborted) return false;
    if (gone(error)) {
      this.lost(error);
      return false;
    }
    const asked = error instanceof ApiError ? error.retryAfter * 1000 : 0;
    await pause(Math.max(asked, Math.min(500 * 2 ** failures, 10_000)), asking);
    return !asking.aborted && !this.#stop.signal.aborted;
  }

  // next hands a message on when those before it are done.
  #next(message: SignalingMessage): void {
    if (message.seq <= this.#after) return;
    this.#after = message.seq;
    this.#chain = this.#chain.then(() => this.take(message)).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) console.warn(`skybridge: message ${message.message_type}:`, error);
    });
  }
}
