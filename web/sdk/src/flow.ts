// Whether audio still comes. The browser itself notices only after seconds that it does not, and
// finds the network that is there now not at once.

import { pause } from "./emitter.js";
import type { PeerConnection } from "./environment.js";

const every = 250; // ms
const firstGap = 900; // ms between looking for a path and doing so anew; it doubles

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
    let flows = 0; // ticks with something, one after the other
    let silent = 0; // and without
    let steady = false;
    while (!stop.aborted) {
      await pause(every, stop);
      const now = await this.#heard();
      if (stop.aborted || now < 0) return;
      if (now > last) {
        this.#last = Date.now();
        silent = 0;
        steady ||= ++flows >= 8;
        if (flows >= 2) {
          this.#wanted = false;
          this.#gap = firstGap;
        }
      } else {
        flows = 0;
        if (++silent >= 4 && steady) {
          steady = false;
          this.lost();
        } else if (silent >= 2 && this.#wanted) {
          this.lost();
        }
      }
      last = now;
    }
  }

  // heard is how many packets of audio have come; -1 where that cannot be had.
  async #heard(): Promise<number> {
    try {
      let packets = 0;
      const reports = await this.pc.getStats() as { values(): Iterable<{ type?: string; kind?: string; packetsReceived?: number }> };
      for (const report of reports.values()) {
        if (report.type === "inbound-rtp" && report.kind === "audio") packets += report.packetsReceived ?? 0;
      }
      return packets;
    } catch {
      return -1; // closed meanwhile, or without statistics: the browser itself notices, later
    }
  }
}
