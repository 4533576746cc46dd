// The peer connection of a call: offers, answers and candidates both ways, and another
// path when the network changes.
//
// Negotiation is "perfect" with the server as the one that decides: an offer of its that
// meets ours waits for what becomes of ours. If the server answers ours, it has given its
// own up, and offers again what there is to offer; if it refuses ours with 409, ours is
// rolled back and its own is answered.

import { ApiError } from "./api.js";
import { Delivery, type Send } from "./delivery.js";
import { pause } from "./emitter.js";
import type {
  Candidate, Description, Environment, IceServer, PeerConnection, Sender, StreamLike, TrackLike, Transceiver,
} from "./environment.js";
import { Flow } from "./flow.js";
import { layersOf, marked, taken, videosTaken } from "./sections.js";

export interface PeerConfig {
  env: Environment;
  iceServers: IceServer[];
  // send gives the server a message.
  send: Send;
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

interface Publishing {
  what: Published;
  fresh: boolean; // in a section that was made for it
  resolve(): void;
  reject(error: unknown): void;
}

// refused are the answers that say that what an offer adds is not taken, and the call goes on.
const refused = (error: unknown): boolean => error instanceof ApiError && [403, 406, 413, 422].includes(error.status);

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
  #publishing: Publishing[] = []; // what the next offer is made for
  #proposed: Publishing[] = []; // what the one that is under way was made for
  #awaited = 0; // the number of our offer that has no answer yet; 0 where none is awaited
  #last: { seq: number; answer: Description } | null = null; // of the server's messages
  #described = false; // the server's description is set
  #held: Candidate[] = []; // ours, until the description that they belong to is with the server
  #early: Candidate[] = []; // the server's, until its description is here
  #offered = false; // the first offer went out
  #lostAt = 0;
  #connected = false;
  #delivery: Delivery;
  #flow: Flow;
  #stop = new AbortController();
  // A connection that is closed settles nothing that was asked of it: whoever waits for that waits for
  // this too.
  #ended = new Promise<never>((_, reject) => {
    this.#stop.signal.addEventListener("abort", () => reject(new Error("the call has ended")));
  });

  constructor(private readonly cfg: PeerConfig) {
    const { RTCPeerConnection } = cfg.env;
    if (!RTCPeerConnection) throw new Error("skybridge: there is no RTCPeerConnection here; give one");
    const iceServers = cfg.iceServers.filter((s) => s.urls.length > 0);
    this.#ended.catch(() => undefined); // often nobody waits
    const pc = this.pc = new RTCPeerConnection({ iceServers } as never);
    this.#delivery = new Delivery(cfg.send, cfg.patience);
    this.#flow = new Flow(pc, () => this.restart());
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

  // publish sends a camera or a screen. What was sent before keeps its section for what comes. It
  // rejects where the server does not take it, and where the call ends before that is known.
  publish(what: Published, track: TrackLike, stream: StreamLike): Promise<void> {
    return Promise.race([this.#publish(what, track, stream), this.#ended]);
  }

  async #publish(what: Published, track: TrackLike, stream: StreamLike): Promise<void> {
    const before = this.#sections.get(what);
    const fresh = !before || before.stopped === true;
    if (!fresh) {
      before.sender.setStreams?.(stream);
      await before.sender.replaceTrack(track);
      before.direction = "sendonly";
    } else {
      const sendEncodings = what === "camera" ? layersOf(track) : [];
      this.#sections.set(what, this.pc.addTransceiver(track, {
        direction: "sendonly", streams: [stream], ...sendEncodings.length > 0 && { sendEncodings },
      }) as Transceiver);
    }
    if (!this.#offered) return; // it goes with the first offer
    const known = new Promise<void>((resolve, reject) => this.#publishing.push({ what, fresh, resolve, reject }));
    void this.negotiate();
    await known;
  }

  // refuse takes back what the server does not take.
  async #refuse({ what, fresh, reject }: Publishing, error: unknown): Promise<void> {
    try {
      await this.unpublish(what);
      if (fresh) { // of no description any more, or of one that nothing goes by
        this.#sections.get(what)?.stop?.();
        this.#sections.delete(what);
      }
    } finally {
      reject(error);
    }
  }

  // settle tells what has become of what an offer was made for, which has its answer.
  async #settle(): Promise<void> {
    const sdp = this.pc.remoteDescription?.sdp ?? "";
    for (let each = this.#proposed.shift(); each; each = this.#proposed.shift()) {
      const mid = this.#sections.get(each.what)?.mid ?? null;
      if (mid === null || taken(sdp, mid)) each.resolve(); // without one it was unpublished meanwhile
      else await this.#refuse(each, new Error(`the server does not take the ${each.what}: it has no codec for it, or no place`));
    }
  }

  // unpublish ends that.
  async unpublish(what: Published): Promise<void> {
    const section = this.#sections.get(what);
    if (!section || section.stopped || this.#closed) return;
    section.direction = "inactive";
    await Promise.race([section.sender.replaceTrack(null), this.#ended]).catch((error: unknown) => {
      if (!this.#closed) throw error;
    });
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
    // What both sides found while the answer was set is told, and heard, after it.
    if (went) this.#tellHeld();
    await this.#hear();
    await this.#answerTheirs();
  }

  #tellHeld(): void {
    if (this.#closed) return;
    for (const candidate of this.#held.splice(0)) this.#tell(candidate);
  }

  // offer sends the local description until the server has it; false is one that was taken back.
  async #offer(): Promise<boolean> {
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
    const answer = message.reply?.payload as Description | undefined;
    this.#awaited = message.seq;
    this.began ||= message.seq;
    if (answer?.sdp) await this.#answered({ type: "answer", sdp: answer.sdp });
    else if (this.#last && this.#last.seq > message.seq) await this.#answered(this.#last.answer);
    return true;
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
    try {
      await this.pc.setRemoteDescription(answer);
      await this.#describe();
      await this.#settle();
    } catch (error) {
      for (const { reject } of this.#proposed.splice(0)) reject(error);
      throw error;
    }
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
        await this.#delivery.deliver({ type: "answer", sdp: this.#text(this.pc.localDescription) });
      } catch (error) {
        // It was given up meanwhile: there is another one, or there will be.
        if (!(error instanceof ApiError && error.status === 409)) throw error;
      } finally {
        this.#answering = false;
        this.#tellHeld();
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
    if (this.#offering || this.#answering || !this.#offered) this.#held.push(candidate);
    else this.#tell(candidate);
  }

  #tell(candidate: Candidate): void {
    this.#delivery.attempt("ice_candidate", candidate).catch((error: unknown) => {
      if (!this.#closed) console.warn("skybridge: candidate not sent:", error);
    });
  }

  #changed(): void {
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
  restart(): void {
    if (this.#closed || !this.#offered) return;
    this.#delivery.hurry();
    if (!this.#flow.due()) return;
    this.pc.restartIce();
    void this.negotiate();
  }

  // videoSections tells, for each section of video that we offered, whether the server took it.
  videoSections(): boolean[] {
    if (this.#closed) return []; // Firefox throws for the description of what is closed
    return videosTaken(this.pc.remoteDescription?.sdp ?? "");
  }

  close(): void {
    this.#closed = true;
    this.#stop.abort();
    this.#delivery.close();
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
