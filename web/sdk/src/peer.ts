// The peer connection of a call: offers, answers and candidates both ways, and another
// path when the network changes.
//
// Negotiation is "perfect" with the server as the one that decides: an offer of its that
// meets ours waits for what becomes of ours. If the server answers ours, it has given its
// own up, and offers again what there is to offer; if it refuses ours with 409, ours is
// rolled back and its own is answered.

import { ApiError, type MessageType } from "./api.js";
import { pause } from "./emitter.js";
import type {
  Candidate, Description, Environment, IceServer, PeerConnection, Sender, StreamLike, TrackLike, Transceiver,
} from "./environment.js";
import { marked } from "./sections.js";

export interface PeerConfig {
  env: Environment;
  iceServers: IceServer[];
  // send gives the server a message, and resolves with the number it got and the answer that
  // its reply may hold.
  send(type: MessageType, payload: unknown, signal: AbortSignal): Promise<{ seq: number; reply?: { payload?: unknown } }>;
  track(track: TrackLike, streams: readonly StreamLike[]): void;
  // network tells how the connection is: connected, or interrupted for now.
  network(state: "connected" | "interrupted"): void;
  // failed tells that the call cannot be had, or had any more.
  failed(error: Error): void;
  // patience is for how long a lost path is looked for, in ms.
  patience: number;
}

// Published is what of ours is seen.
export type Published = "camera" | "screen";

// layersOf are the sizes that a camera of so many lines is sent in, the smallest first, as
// browsers want them; of a small picture there is one alone.
function layersOf(track: TrackLike): { rid: string; scaleResolutionDownBy?: number; maxBitrate: number }[] {
  const { height = 0 } = (track as { getSettings?(): { height?: number } }).getSettings?.() ?? {};
  const all = [
    { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
    { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
    { rid: "f", maxBitrate: 1_700_000 },
  ];
  return height >= 540 ? all : height >= 270 ? all.slice(1) : [];
}

const attemptLimit = 3000; // ms
const watchEvery = 250;
const firstGap = 900; // between looking for a path and doing so anew; it doubles

export class Peer {
  readonly pc: PeerConnection;
  #closed = false;
  began = 0; // the number of our first offer
  #offering = false; // an offer of ours is under way
  #again = false; // what was said since it went out wants another
  #answering = false; // an offer of the server's is being answered
  #theirs: { seq: number; offer: Description } | null = null; // an offer of the server's that waits for ours
  #settled = 0; // the number of our latest offer that the server has taken
  #sections = new Map<Published, Transceiver>(); // in which ours is sent, or was
  #awaited = 0; // the number of our offer that has no answer yet; 0 where none is awaited
  #last: { seq: number; answer: Description } | null = null; // of the server's messages
  #described = false; // the server's description is set
  #held: Candidate[] = []; // ours, until the offer that they belong to is with the server
  #early: Candidate[] = []; // the server's, until its description is here
  #offered = false; // the first offer went out
  #lostAt = 0;
  #connected = false;
  #restarted = 0; // when a path was looked for last
  #gap = firstGap;
  #wanted = false; // a path, by which something comes as it did
  #flowed = 0; // when something came last
  #attempts = new Map<AbortController, number>(); // at giving the server something, and since when
  #wake = new AbortController(); // ends the wait for the next attempt
  #stop = new AbortController();

  constructor(private readonly cfg: PeerConfig) {
    const { RTCPeerConnection } = cfg.env;
    if (!RTCPeerConnection) throw new Error("skybridge: there is no RTCPeerConnection here; give one");
    const iceServers = cfg.iceServers.filter((s) => s.urls.length > 0);
    const pc = this.pc = new RTCPeerConnection({ iceServers } as never);
    const on = (type: string, listener: (event: never) => void): void => pc.addEventListener!(type, listener as (event: unknown) => void);
    on("icecandidate", ({ candidate }: { candidate: (Candidate & { toJSON?(): Candidate }) | null }) => {
      if (candidate?.candidate) this.#found(candidate.toJSON?.() ?? candidate);
    });
    // While an offer is under way it is no news: it comes again after it, if it still holds.
    on("negotiationneeded", () => { if (this.#offered && !this.#offering) void this.negotiate(); });
    on("connectionstatechange", () => this.#changed());
    on("track", ({ track, streams }: { track: TrackLike; streams: readonly StreamLike[] }) => {
      cfg.track(track, streams);
    });
  }

  add(stream: StreamLike, tracks = stream.getTracks()): Sender[] {
    return tracks.map((track) => this.pc.addTrack(track, stream) as Sender);
  }

  // receive asks for media of a kind that we do not send.
  receive(kind: "audio" | "video"): void {
    this.pc.addTransceiver(kind, { direction: "recvonly" });
  }

  // publish sends a camera or a screen. What was sent before keeps its section for what comes.
  async publish(what: Published, track: TrackLike, stream: StreamLike): Promise<void> {
    const before = this.#sections.get(what);
    if (before && !before.stopped) {
      before.sender.setStreams?.(stream);
      await before.sender.replaceTrack(track);
      before.direction = "sendonly";
      return;
    }
    const sendEncodings = what === "camera" ? layersOf(track) : [];
    this.#sections.set(what, this.pc.addTransceiver(track, {
      direction: "sendonly", streams: [stream], ...sendEncodings.length > 0 && { sendEncodings },
    }) as Transceiver);
  }

  // unpublish ends that.
  async unpublish(what: Published): Promise<void> {
    const section = this.#sections.get(what);
    if (!section || section.stopped || this.#closed) return;
    section.direction = "inactive";
    await section.sender.replaceTrack(null);
  }

  // text is a description as the server gets it: with what a browser cannot say.
  #text(description: { sdp: string } | null): string {
    const mid = this.#sections.get("screen")?.mid;
    return marked(description?.sdp ?? "", mid ?? null);
  }

  // start makes the first offer; later ones follow from what is added or lost.
  async start(): Promise<void> {
    this.#offered = true;
    await this.#negotiate();
  }

  // negotiate offers what there is, unless an offer is under way, after which it is done.
  async negotiate(): Promise<void> {
    try {
      await this.#negotiate();
    } catch (error) {
      if (!this.#closed) this.cfg.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #negotiate(): Promise<void> {
    if (this.#closed) return;
    if (this.#offering || this.#answering || this.pc.signalingState !== "stable") {
      this.#again = true;
      return;
    }
    this.#offering = true;
    this.#again = false;
    let taken = false;
    try {
      await this.pc.setLocalDescription(await this.pc.createOffer());
      taken = await this.#offer();
    } finally {
      this.#offering = false;
    }
    // What both sides found while the answer was set is told, and heard, after it.
    if (taken) for (const candidate of this.#held.splice(0)) this.#tell(candidate);
    await this.#hear();
    await this.#answerTheirs();
  }

  // offer sends the local description until the server has it; false is one that was taken back.
  async #offer(): Promise<boolean> {
    const local = this.pc.localDescription;
    if (!local) return false;
    this.#awaited = 0;
    let message;
    try {
      message = await this.#deliver({ type: "offer", sdp: this.#text(local) });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409 && await this.#meets())) throw error;
      await this.pc.setLocalDescription({ type: "rollback" });
      this.#again = true;
      return false;
    }
    if (!message) return false;
    const answer = message.reply?.payload as Description | undefined;
    this.#awaited = message.seq;
    this.began ||= message.seq;
    if (answer?.sdp) await this.#answered({ type: "answer", sdp: answer.sdp });
    else if (this.#last && this.#last.seq > message.seq) await this.#answered(this.#last.answer);
    return true;
  }

  // deliver gives the server a description, however long that takes while the call has patience.
  async #deliver(description: { type: "offer" | "answer"; sdp: string }): Promise<{ seq: number; reply?: { payload?: unknown } } | null> {
    const since = Date.now();
    for (let failures = 0; !this.#closed; failures++) {
      try {
        return await this.#attempt(description.type, description);
      } catch (error) {
        const passing = !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
        if (!passing || Date.now() - since > this.cfg.patience) throw error;
        const asked = error instanceof ApiError ? error.retryAfter * 1000 : 0;
        await pause(Math.max(asked, Math.min(200 * 2 ** failures, 3000)), this.#wake.signal);
      }
    }
    return null;
  }

  // attempt gives the server something. Nobody answers what goes by a connection of a network that
  // has gone, nor does the browser say so: once there was a path, it is given up after a while.
  async #attempt(type: MessageType, payload: unknown): Promise<{ seq: number; reply?: { payload?: unknown } }> {
    const own = new AbortController();
    this.#attempts.set(own, Date.now());
    const late = this.#connected ? setTimeout(() => own.abort(), attemptLimit) : undefined;
    try {
      return await this.cfg.send(type, payload, own.signal);
    } finally {
      clearTimeout(late);
      this.#attempts.delete(own);
    }
  }

  // hurry has what the server is being given go anew, by the network that is there now.
  #hurry(): void {
    // One event after the other tells of the same change: what has just begun goes on.
    for (const [attempt, since] of this.#attempts) if (Date.now() - since > 250) attempt.abort();
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  // watch looks for another path where nothing comes any more that came steadily, and until it
  // comes again: the browser itself notices that only after seconds, and finds the network that is
  // there now not at once.
  async #watch(): Promise<void> {
    let last = -1;
    let flows = 0; // ticks with something, one after the other
    let silent = 0; // and without
    let steady = false;
    while (!this.#closed) {
      await pause(watchEvery, this.#stop.signal);
      const now = await this.#heard();
      if (this.#closed || now < 0) return;
      if (now > last) {
        this.#flowed = Date.now();
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
          this.restart();
        } else if (silent >= 2 && this.#wanted) {
          this.restart();
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

  // meets tells whether the server has made an offer as well; it may still be on the way.
  async #meets(): Promise<boolean> {
    for (let i = 0; i < 10 && !this.#theirs && !this.#closed; i++) await pause(100);
    return this.#theirs !== null;
  }

  // answered takes the server's answer. It comes twice, in the reply and as a message, which
  // may be late: one from before our offer is of another. Offers of the server's from before it
  // it has given up.
  async #answered(answer: Description): Promise<void> {
    if (this.#awaited === 0) return;
    this.#settled = this.#awaited;
    this.#awaited = 0;
    if (this.#theirs && this.#theirs.seq < this.#settled) this.#theirs = null;
    await this.pc.setRemoteDescription(answer);
    await this.#describe();
  }

  async #describe(): Promise<void> {
    this.#described = true;
    await this.#hear();
  }

  // hear takes the candidates that came early, those that come meanwhile as well.
  async #hear(): Promise<void> {
    if (!this.#described) return;
    for (let next; (next = this.#early.shift());) await this.#add(next);
  }

  // answerTheirs answers the server's offer where there is one, and then offers what is ours.
  async #answerTheirs(): Promise<void> {
    while (this.#theirs && !this.#offering && !this.#answering && this.#awaited === 0 && !this.#closed) {
      const { offer } = this.#theirs;
      this.#theirs = null;
      this.#answering = true;
      try {
        await this.pc.setRemoteDescription(offer);
        await this.#describe();
        await this.pc.setLocalDescription(await this.pc.createAnswer());
        this.#offered = true;
        await this.#deliver({ type: "answer", sdp: this.#text(this.pc.localDescription) });
      } catch (error) {
        // It was given up meanwhile: there is another one, or there will be.
        if (!(error instanceof ApiError && error.status === 409)) throw error;
      } finally {
        this.#answering = false;
      }
    }
    if (this.#again) await this.#negotiate();
  }

  // take acts upon a message of the server's.
  async take(type: string, payload: unknown, seq: number): Promise<void> {
    if (this.#closed) return;
    const description = payload as Description | null;
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
        if (seq < this.#settled) break; // ours has come after it, and was taken
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

  async #add(candidate: Candidate): Promise<void> {
    try {
      await this.pc.addIceCandidate(candidate);
    } catch (error) {
      // One of a generation that is over, or of a kind that is not known here.
      if (!this.#closed) console.warn("skybridge: candidate:", error);
    }
  }

  #found(candidate: Candidate): void {
    if (this.#offering || !this.#offered) this.#held.push(candidate);
    else this.#tell(candidate);
  }

  #tell(candidate: Candidate): void {
    this.#attempt("ice_candidate", candidate).catch((error: unknown) => {
      if (!this.#closed) console.warn("skybridge: candidate not sent:", error);
    });
  }

  #changed(): void {
    if (this.#closed) return;
    switch (this.pc.connectionState) {
      case "connected":
        if (!this.#connected) void this.#watch();
        this.#connected = true;
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
  restart(): void {
    if (this.#closed || !this.#offered) return;
    this.#hurry();
    const now = Date.now();
    this.#wanted ||= now - this.#flowed < 3000;
    if (now - this.#restarted < this.#gap) return;
    if (now - this.#restarted < 2 * this.#gap) this.#gap = Math.min(this.#gap * 2, 4000);
    this.#restarted = now;
    this.pc.restartIce();
    void this.negotiate();
  }

  // videoSections tells, for each section of video that we offered, whether the server took it.
  videoSections(): boolean[] {
    if (this.#closed) return []; // Firefox throws for the description of what is closed
    const sections = (this.pc.remoteDescription?.sdp ?? "").split(/^m=/m).slice(1);
    return sections.filter((s) => s.startsWith("video")).map((s) => !s.startsWith("video 0 "));
  }

  close(): void {
    this.#closed = true;
    this.#stop.abort();
    this.pc.close();
  }
}

// candidateIn is the candidate of an ice_candidate message, in either shape, or null for
// the end of candidates.
export function candidateIn(payload: unknown): Candidate | null {
  const outer = payload as { candidate?: unknown } | null;
  const inner = (typeof outer?.candidate === "object" ? outer.candidate : outer) as Candidate | null;
  return inner?.candidate ? inner : null;
}
