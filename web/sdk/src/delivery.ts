// Giving the server a message: again where it got lost, and anew where the network has changed.

import { ApiError, type MessageType } from "./api.js";
import { pause } from "./emitter.js";

const attemptLimit = 3000; // ms

// Given is what the server says of a message: the number it got, and the answer that its reply
// may hold.
export interface Given {
  seq: number;
  reply?: { payload?: unknown };
}

export type Send = (type: MessageType, payload: unknown, signal: AbortSignal) => Promise<Given>;

export class Delivery {
  // moved tells that there was a path once: what is under way may go by a network that is gone.
  moved = false;
  #closed = false;
  #attempts = new Map<AbortController, number>(); // at giving the server something, and since when
  #wake = new AbortController(); // ends the wait for the next attempt

  // patience is for how long a description is tried to be given, in ms.
  constructor(private readonly send: Send, private readonly patience: number) {}

  // deliver gives the server a description, however long that takes while there is patience;
  // null is one that nobody wants any more.
  async deliver(description: { type: "offer" | "answer"; sdp: string }): Promise<Given | null> {
    const since = Date.now();
    for (let failures = 0; !this.#closed; failures++) {
      try {
        return await this.attempt(description.type, description);
      } catch (error) {
        const passing = !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
        if (!passing || Date.now() - since > this.patience) throw error;
        const asked = error instanceof ApiError ? error.retryAfter * 1000 : 0;
        await pause(Math.max(asked, Math.min(200 * 2 ** failures, 3000)), this.#wake.signal);
      }
    }
    return null;
  }

  // attempt gives the server something once. Nobody answers what goes by a connection of a network
  // that has gone, nor does the browser say so: it is given up after a while.
  async attempt(type: MessageType, payload: unknown): Promise<Given> {
    const own = new AbortController();
    this.#attempts.set(own, Date.now());
    const late = this.moved ? setTimeout(() => own.abort(), attemptLimit) : undefined;
    try {
      return await this.send(type, payload, own.signal);
    } finally {
      clearTimeout(late);
      this.#attempts.delete(own);
    }
  }

  // hurry has what the server is being given go anew, by the network that is there now.
  hurry(): void {
    // One event after the other tells of the same change: what has just begun goes on.
    for (const [attempt, since] of this.#attempts) if (Date.now() - since > 250) attempt.abort();
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  close(): void {
    this.#closed = true;
    this.#wake.abort();
  }
}
