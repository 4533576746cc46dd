// Whether the path to the server is there. The browser itself notices only after seconds that it is
// not, and finds the network that is there now not at once.
//
// Audio that stops says it first, but not surely: nothing comes of who is on hold, or of a phone that
// sends no silence. So a path counts as there by whatever comes on it, ICE's own checks among that,
// and the more often audio has stopped on one that was there, the less its end says.

import { pause } from "./emitter.js";
import type { PeerConnection } from "./environment.js";

const every = 250; // ms
const firstGap = 900; // ms between looking for a path and doing so anew; it doubles

// Reports of statistics, as far as they are looked at.
interface Report {
  id?: string;
  type?: string;
  kind?: string;
  state?: string;
  selected?: boolean; // Firefox's
  nominated?: boolean;
  selectedCandidatePairId?: string;
  packetsReceived?: number;
  requestsReceived?: number;
  responsesReceived?: number;
}

// Heard is what has come so far.
interface Heard {
  audio: number; // packets
  checks: Map<string, number>; // ICE's, by pair; -1 of one that has worked, where they are not counted
  path: string; // the pair in use; empty for none
}

export class Flow {
  #last = 0; // when something came last
  #wanted = false; // a path, by which something comes as it did
  #gap = firstGap;
  #looked = 0; // when a path was looked for last

  // lost is told where nothing comes any more that came steadily, and until it comes again.
  constructor(private readonly pc: PeerConnection, private readonly lost: () => void) {}

  // due tells whether another path is to be looked for now: one that is looked for has its time.
  due(): boolean {
    const now = Date.now();
    this.#wanted ||= now - this.#last < 3000;
    if (now - this.#looked < this.#gap) return false;
    if (now - this.#looked < 2 * this.#gap) this.#gap = Math.min(this.#gap * 2, 4000);
    this.#looked = now;
    return true;
  }

  // watch goes on until it is stopped.
  async watch(stop: AbortSignal): Promise<void> {
    let last = -1;
    let before: Heard | undefined; // what had come a tick after audio came last
    let flows = 0; // ticks with audio, one after the other
    let silent = 0; // and without
    let steady = false;
    let enough = 8; // ticks with audio that make it steady
    let told = false; // that it stopped
    let there = 0; // silent ticks since the path was seen to be there
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
          if (++there === 4 && told) enough *= 8; // it was there all the time
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
  async #heard(): Promise<Heard | null> {
    try {
      const now: Heard = { audio: 0, checks: new Map(), path: "" };
      const reports = await this.pc.getStats() as { values(): Iterable<Report> };
      let selected = "", nominated = "";
      for (const r of reports.values()) {
        if (r.type === "inbound-rtp" && r.kind === "audio") now.audio += r.packetsReceived ?? 0;
        if (r.type === "transport") selected ||= r.selectedCandidatePairId ?? "";
        if (r.type !== "candidate-pair" || !r.id) continue;
        if (r.selected) selected ||= r.id;
        if (r.nominated && r.state === "succeeded") nominated = r.id;
        if (r.responsesReceived !== undefined) now.checks.set(r.id, r.responsesReceived + (r.requestsReceived ?? 0));
        else if (r.state === "succeeded") now.checks.set(r.id, -1);
      }
      now.path = selected || nominated;
      return now;
    } catch {
      return null; // closed meanwhile, or without statistics: the browser itself notices, later
    }
  }
}

// works tells whether the path has been there since: something came on it, or it is another one
// since one was looked for. Another that the browser found by itself is not one that the server uses.
function works(before: Heard, now: Heard, looked: boolean): boolean {
  const checks = now.checks.get(now.path);
  if (checks === undefined || now.path !== before.path && !looked) return false;
  return checks < 0 ? !before.checks.has(now.path) : checks > (before.checks.get(now.path) ?? 0);
}
