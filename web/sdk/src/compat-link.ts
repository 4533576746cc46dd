// A call as compat follows it: with the page's own address and token, by long polling.

// Takes is what the server may send for a call. An answer it sends in its reply to the offer;
// as a message the same may come late, and be taken for that to a later offer.
export interface Takes {
  offer(offer: RTCSessionDescriptionInit): Promise<void>;
  candidate(candidate: RTCIceCandidateInit): Promise<void>;
  over(): void;
}

interface Message {
  seq: number;
  message_type: string;
  payload: { sdp?: string; candidate?: unknown } | null;
}

const patience = 10_000; // ms between two attempts at most

export class Link {
  taken = false; // a connection of the page belongs to it
  iceServers: RTCIceServer[] = [];
  readonly headers: Headers;
  #stop = new AbortController();
  #following = false;

  constructor(readonly fetch: typeof globalThis.fetch, readonly base: string, readonly id: string, headers: Headers) {
    this.headers = new Headers({ "Content-Type": "application/json" });
    for (const name of ["Authorization", "X-API-Key"]) {
      const value = headers.get(name);
      if (value) this.headers.set(name, value);
    }
  }

  #url(query = ""): string {
    return `${this.base}/calls/${encodeURIComponent(this.id)}/signaling${query}`;
  }

  // send gives the server a message and takes what it keeps of it.
  async send(type: string, payload: unknown, keepalive = false): Promise<unknown> {
    const { fetch } = this;
    const body = JSON.stringify({ to_user: "server", message_type: type, payload });
    const response = await fetch(this.#url(), { method: "POST", headers: this.headers, body, keepalive });
    if (!response.ok) throw new Error(`${type}: the server answered ${response.status}`);
    return response.json();
  }

  // leave hangs up, once.
  leave(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.send("hangup", {}, true).catch(() => undefined); // it may have ended by itself
  }

  // follow takes the server's messages for as long as the call lives; once is enough.
  async follow(takes: Takes): Promise<void> {
    if (this.#following) return;
    this.#following = true;
    const { fetch } = this;
    const { signal } = this.#stop;
    for (let after = 0, failures = 0; !signal.aborted;) {
      try {
        const response = await fetch(this.#url(`?after=${after}&wait=25`), { headers: this.headers, signal });
        if ([401, 403, 404, 409, 410].includes(response.status)) break;
        if (!response.ok) throw new Error(`the server answered ${response.status}`);
        const { items } = await response.json() as { items: Message[] };
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

  #over(takes: Takes): void {
    this.#stop.abort();
    takes.over();
  }

  // take acts upon one message, and tells whether it was the last.
  async #take(takes: Takes, message: Message): Promise<boolean> {
    const { message_type: type, payload } = message;
    try {
      switch (type) {
        case "offer":
          if (payload?.sdp) await takes.offer({ type, sdp: payload.sdp });
          break;
        case "ice_candidate": {
          const candidate = candidateIn(payload);
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
}

// answerIn is the answer in the server's response to an offer, or null when it comes later.
export function answerIn(message: unknown): RTCSessionDescriptionInit | null {
  const payload = (message as { reply?: { payload?: { sdp?: unknown } } } | null)?.reply?.payload;
  return typeof payload?.sdp === "string" ? { type: "answer", sdp: payload.sdp } : null;
}

// candidateIn is the candidate of an ice_candidate message, in either shape, or null for
// the end of candidates.
export function candidateIn(payload: unknown): RTCIceCandidateInit | null {
  const outer = payload as { candidate?: unknown } | null;
  const inner = (typeof outer?.candidate === "object" ? outer.candidate : outer) as RTCIceCandidateInit | null;
  return inner?.candidate ? inner : null;
}
