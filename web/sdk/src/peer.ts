// The peer connection of a call: offers, answers and candidates both ways, and another
// path when the network changes.
//
// Negotiation is "perfect" with the server as the one that decides: an offer of its that
// meets ours waits for what becomes of ours. If the server answers ours, it has given its
// own up; if it refuses ours with 409, ours is rolled back and its own is answered.

import { ApiError, type MessageType } from "./api.js";
import { pause } from "./emitter.js";
import type { Candidate, Description, Environment, IceServer, PeerConnection, Sender, StreamLike, TrackLike } from "./environment.js";

export interface PeerConfig {
  env: Environment;
  iceServers: IceServer[];
  // send gives the server a message, and resolves with the number it got and the answer that
  // its reply may hold.
  send(type: MessageType, payload: unknown): Promise<{ seq: number; reply?: { payload?: unknown } }>;
  track(track: TrackLike, streams: readonly StreamLike[]): void;
  // network tells how the connection is: connected, or interrupted for now.
  network(state: "connected" | "interrupted"): void;
  // failed tells that the call cannot be had, or had any more.
  failed(error: Error): void;
  // patience is for how long a lost path is looked for, in ms.
  patience: number;
}

export class Peer {
  readonly pc: PeerConnection;
  #closed = false;
  #offering = false; // an offer of ours is under way
  #again = false; // what was said since it went out wants another
  #theirs: Description | null = null; // an offer of the server's that waits for ours
  #awaited = 0; // the number of our offer that has no answer yet; 0 where none is awaited
  #last: { seq: number; answer: Description } | null = null; // of the server's messages
  #described = false; // the server's description is set
  #held: Candidate[] = []; // ours, until the offer that they belong to is with the server
  #early: Candidate[] = []; // the server's, until its description is here
  #offered = false; // the first offer went out
  #lostAt = 0;
  #connected = false;

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

  remove(senders: Sender[]): void {
    for (const sender of senders) this.pc.removeTrack(sender);
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
    if (this.#offering || this.pc.signalingState !== "stable") {
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
    if (this.#again) await this.#negotiate();
  }

  // offer sends the local description until the server has it; false is one that was taken back.
  async #offer(): Promise<boolean> {
    const local = this.pc.localDescription;
    if (!local) return false;
    this.#awaited = 0;
    const since = Date.now();
    for (let failures = 0; !this.#closed; failures++) {
      let message;
      try {
        message = await this.cfg.send("offer", { type: "offer", sdp: local.sdp });
      } catch (error) {
        if (error instanceof ApiError && error.status === 409 && await this.#meets()) {
          await this.pc.setLocalDescription({ type: "rollback" });
          this.#again = true;
          return false;
        }
        const passing = !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
        if (!passing || Date.now() - since > this.cfg.patience) throw error;
        const asked = error instanceof ApiError ? error.retryAfter * 1000 : 0;
        await pause(Math.max(asked, Math.min(200 * 2 ** failures, 3000)));
        continue;
      }
      const answer = message.reply?.payload as Description | undefined;
      this.#awaited = message.seq;
      if (answer?.sdp) {
        this.#theirs = null; // the server gave its own up for ours
        await this.#answered({ type: "answer", sdp: answer.sdp });
      } else if (this.#last && this.#last.seq > message.seq) {
        await this.#answered(this.#last.answer);
      }
      return true;
    }
    return false;
  }

  // meets tells whether the server has made an offer as well; it may still be on the way.
  async #meets(): Promise<boolean> {
    for (let i = 0; i < 10 && !this.#theirs && !this.#closed; i++) await pause(100);
    return this.#theirs !== null;
  }

  // answered takes the server's answer. It comes twice, in the reply and as a message, which
  // may be late: one from before our offer is of another.
  async #answered(answer: Description): Promise<void> {
    if (this.#awaited === 0) return;
    this.#awaited = 0;
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

  async #answerTheirs(): Promise<void> {
    const offer = this.#theirs;
    if (!offer || this.#offering || this.#closed) return;
    this.#theirs = null;
    await this.pc.setRemoteDescription(offer);
    await this.#describe();
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    await this.cfg.send("answer", { type: "answer", sdp: this.pc.localDescription?.sdp });
    this.#offered = true;
  }

  // take acts upon a message of the server's.
  async take(type: string, payload: unknown, seq: number): Promise<void> {
    if (this.#closed) return;
    const description = payload as Description | null;
    switch (type) {
      case "answer":
        if (!description?.sdp) break;
        this.#last = { seq, answer: { type, sdp: description.sdp } };
        if (this.#awaited !== 0 && seq > this.#awaited) await this.#answered(this.#last.answer);
        break;
      case "offer":
        if (!description?.sdp) break;
        this.#theirs = { type, sdp: description.sdp };
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
    this.cfg.send("ice_candidate", candidate).catch((error: unknown) => {
      if (!this.#closed) console.warn("skybridge: candidate not sent:", error);
    });
  }

  #changed(): void {
    if (this.#closed) return;
    switch (this.pc.connectionState) {
      case "connected":
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

  // restart looks for another network path, at once.
  restart(): void {
    if (this.#closed || !this.#offered) return;
    this.pc.restartIce();
    void this.negotiate();
  }

  // videoSections tells, for each section of video that we offered, whether the server took it.
  videoSections(): boolean[] {
    const sections = (this.pc.remoteDescription?.sdp ?? "").split(/^m=/m).slice(1);
    return sections.filter((s) => s.startsWith("video")).map((s) => !s.startsWith("video 0 "));
  }

  close(): void {
    this.#closed = true;
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
