// One call of this client: its state, its media, and what can be done with it.

import { type Api, type CallBody, type MessageBody, type Participant, type SignalingMessage, ApiError, gone } from "./api.js";
import { Chat } from "./chat.js";
import type { Devices } from "./devices.js";
import { Emitter, pause } from "./emitter.js";
import type { Environment, IceServer, Sender, Stream, StreamLike, Track } from "./environment.js";
import { Peer } from "./peer.js";
import { Signaling } from "./signaling.js";
import type { Socket } from "./socket.js";
import { Meter, type Statistics } from "./statistics.js";
import { type RemoteVideo, Video, type VideoEvents } from "./video.js";

// CallState goes from initiated over ringing to active; reconnecting is an active call
// whose network is away. ended and failed are the last.
export type CallState = "initiated" | "ringing" | "active" | "reconnecting" | "ended" | "failed";

interface CallEvents extends VideoEvents {
  state: { state: CallState; cause: string };
  // stream: the sound of the others has come, to be played; or video that is nobody's by name.
  stream: Stream;
  streamEnded: Stream;
  participants: Participant[];
}

const leaveLimit = 5000; // ms for which the server is tried to be told

export interface CallConfig {
  api: Api;
  socket: Socket;
  env: Environment;
  devices: Devices;
  id: string;
  user: () => string; // whose client this is; "" while that is not known
  iceServers: IceServer[];
  local: Stream;
  receiveVideo: boolean;
  patience: number; // ms for which a lost network is waited for
  over(call: Call): void;
  say(to: string, body: string): Promise<MessageBody>;
  heard(message: MessageBody): void; // by the call's data channel
}

// endpointOf is who is meant: a number alone is a phone's.
export const endpointOf = (target: string): string => (target.includes("/") ? target : `SIP/${target}`);

export class Call extends Emitter<CallEvents> {
  readonly id: string;
  // local is what the call began with: the microphone, and the camera if there was one.
  local: Stream;
  state: CallState = "initiated";
  // cause says why the call has ended, in words.
  cause = "";
  // since is when the call became active, in ms since the epoch; 0 before.
  since = 0;
  muted = false;
  held = false;
  // body is the call as the server showed it last.
  body: CallBody | null = null;
  readonly streams: Stream[] = [];

  #cfg: CallConfig;
  #peer: Peer;
  #signaling: Signaling;
  #senders: Sender[];
  #video: Video;
  #chat: Chat | null = null;
  #camera: Promise<unknown> = Promise.resolve(); // the one that the call begins with is being sent
  #stop = new AbortController();
  #meter = new Meter();
  #told = false; // the server pushes what happens to the call
  #leaving: Promise<void> | null = null; // once we hang up
  #off: (() => void)[] = [];

  constructor(cfg: CallConfig) {
    super();
    this.#cfg = cfg;
    this.id = cfg.id;
    this.place = `call:${cfg.id}`;
    this.local = cfg.local;
    this.#peer = new Peer({
      env: cfg.env, iceServers: cfg.iceServers, patience: cfg.patience,
      send: (type, payload, signal) => cfg.api.signal(this.id, type, payload, { signal }),
      track: (track, streams) => this.#track(track as Track, streams),
      network: (state) => this.#network(state),
      failed: (error) => void this.#lost(error),
    });
    this.#video = new Video(cfg.env, cfg.devices, () => this.#peer, (event, detail) => this.emit(event, detail as never));
    this.#senders = this.#peer.add(cfg.local, cfg.local.getAudioTracks());
    const camera = this.#video.cameraIn(cfg.local);
    if (camera) this.#camera = this.#video.start("camera", camera);
    if (cfg.receiveVideo) this.#peer.receive("video");
    this.#signaling = new Signaling(cfg.api, cfg.socket, cfg.id, (message) => this.#take(message),
      (error) => void this.#lost(error));
  }

  // start offers our media to the server and follows the call from then on.
  async start(): Promise<void> {
    const { socket } = this.#cfg;
    this.#off.push(
      socket.want(`call:${this.id}`),
      socket.on("frame", (frame) => {
        if (frame.type !== "Call" || frame.call_id !== this.id || !frame.call) return;
        if (frame.event !== "current") this.#told = true; // that one only answers the subscription
        this.#show(frame.call as CallBody);
      }),
    );
    // A connection that is closed meanwhile settles nothing that was asked of it.
    const over = new Promise<void>((resolve) => this.#stop.signal.addEventListener("abort", () => resolve()));
    try {
      await this.#camera;
      await Promise.race([this.#peer.start(), over]);
      if (this.#stop.signal.aborted) return;
    } catch (error) {
      await this.#lost(error); // it may have ended meanwhile, which is no failure
      if (this.state === "failed") throw error;
      return;
    }
    // Not before: to those who ask for messages and offer nothing the server makes an offer.
    // What is older is of a connection before, of a page that was loaded again.
    this.#signaling.start(this.#peer.began);
    void this.#watch();
  }

  // place is where messages to all who are here go: room:ID in a room.
  place: string;

  // chat is messages to all who are in the call. They have a data channel of their own from when
  // this is first used on: best before the call is started, else that takes another offer.
  get chat(): Chat {
    return this.#chat ??= new Chat({
      pc: this.#stop.signal.aborted ? null : this.#peer.pc, place: () => this.place, otherwise: this.#cfg.say, heard: this.#cfg.heard,
    });
  }

  // told takes a message that was told to this client.
  told(message: MessageBody): void {
    this.#chat?.tell(message);
  }

  get peerConnection(): Peer["pc"] {
    return this.#peer.pc;
  }

  // ---- what can be done

  // hangUp ends the call for us. Nobody hears or sees us from then on; the state becomes ended, and
  // this resolves, when the server has been told, or cannot be told within a few seconds, which
  // rejects: it notices by itself then, and waits for us in vain for a while.
  hangUp(options: { keepalive?: boolean } = {}): Promise<void> {
    if (!this.#stop.signal.aborted) this.#leaving ??= this.#leave(options);
    return this.#leaving ?? Promise.resolve();
  }

  async #leave(options: { keepalive?: boolean }): Promise<void> {
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
  #silence(): void {
    for (const stream of [this.local, this.camera, this.screen]) for (const track of stream?.getTracks() ?? []) track.stop();
  }

  // mute stops what we say, here and at the server, which shows it to the others. Who may not
  // unmute themselves, as a moderator has muted them, stay so.
  async mute(on = true): Promise<void> {
    this.#silenced(on);
    try {
      await this.#cfg.api.signal(this.id, on ? "mute" : "unmute", {});
    } catch (error) {
      this.#silenced(true);
      throw error;
    }
  }

  #silenced(on: boolean): void {
    this.muted = on;
    for (const track of this.local.getAudioTracks()) track.enabled = !on;
  }

  async unmute(): Promise<void> {
    await this.mute(false);
  }

  async hold(): Promise<void> {
    await this.#cfg.api.do("POST /calls/{id}/hold", { id: this.id });
    this.held = true;
  }

  async unhold(): Promise<void> {
    await this.#cfg.api.do("POST /calls/{id}/unhold", { id: this.id });
    this.held = false;
  }

  // sendDigits presses keys: in the audio if that was agreed on, else by the server.
  async sendDigits(digits: string): Promise<void> {
    const dtmf = this.#senders.find((s) => s.dtmf?.canInsertDTMF)?.dtmf;
    if (dtmf) dtmf.insertDTMF(dtmf.toneBuffer + digits, 120, 70);
    else await this.#cfg.api.do("POST /calls/{id}/dtmf", { id: this.id }, { body: { digits } });
  }

  // transfer sends the other party to an endpoint or number.
  async transfer(target: string): Promise<void> {
    await this.#cfg.api.do("POST /calls/{id}/transfer", { id: this.id }, { body: { to: endpointOf(target) } });
  }

  // add calls further participants into the call.
  async add(...participants: string[]): Promise<void> {
    const body = { participants: participants.map(endpointOf) };
    this.#show(await this.#cfg.api.do("POST /calls/{id}/participants", { id: this.id }, { body }));
  }

  async remove(participant: string): Promise<void> {
    await this.#cfg.api.do("DELETE /calls/{id}/participants/{pid}", { id: this.id, pid: participant });
  }

  // use changes the microphone or camera of this call, to what Devices.choose says.
  async use(kind: "microphone" | "camera"): Promise<void> {
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
    const { MediaStream } = this.#cfg.env;
    this.local = MediaStream ? (new MediaStream([...kept, track] as never) as Stream) : fresh;
  }

  // camera is what we show of ourselves; null while that is nothing.
  get camera(): Stream | null {
    return this.#video.own("camera");
  }

  // startCamera shows us, also in the middle of a call.
  startCamera(stream?: Stream): Promise<Stream> {
    return this.#video.start("camera", stream);
  }

  stopCamera(): Promise<void> {
    return this.#video.stop("camera");
  }

  // shareScreen sends a screen beside the camera; the user chooses which if none is given.
  shareScreen(stream?: Stream): Promise<Stream> {
    return this.#video.start("screen", stream);
  }

  stopScreen(): Promise<void> {
    return this.#video.stop("screen");
  }

  // screen is what we share; null while that is nothing.
  get screen(): Stream | null {
    return this.#video.own("screen");
  }

  get sharing(): boolean {
    return this.screen !== null;
  }

  // videos are the cameras and screens of the others that are to be seen now.
  get videos(): readonly RemoteVideo[] {
    return this.#video.remote;
  }

  // videoAccepted tells whether the server has taken video of ours, or would: null before
  // it was offered any.
  get videoAccepted(): boolean | null {
    const sections = this.#peer.videoSections();
    return sections.length === 0 ? null : sections.some((accepted) => accepted);
  }

  async statistics(): Promise<Statistics> {
    const reports = await this.#peer.pc.getStats() as { values(): Iterable<never> };
    return this.#meter.read(reports.values(), this.#video.sources());
  }

  // networkChanged looks for a new path at once; the client calls it when the network says so.
  networkChanged(): void {
    if (this.state === "active" || this.state === "reconnecting") this.#peer.restart();
  }

  // ---- what happens

  async #take({ message_type: type, payload, seq }: SignalingMessage): Promise<void> {
    if (type === "hangup") {
      await this.#look();
      this.#finish("ended", (payload as { cause_text?: string } | null)?.cause_text ?? "");
      return;
    }
    await this.#peer.take(type, payload, seq);
  }

  #track(track: Track, streams: readonly StreamLike[]): void {
    if (this.#video.take(track, streams)) return;
    const { MediaStream } = this.#cfg.env;
    const stream = (streams[0] ?? (MediaStream ? new MediaStream([track] as never) : null)) as Stream | null;
    if (!stream || this.streams.some((s) => s.id === stream.id)) return;
    this.streams.push(stream);
    (stream as Stream & { addEventListener?(type: string, f: () => void): void }).addEventListener?.("removetrack", () => {
      if (stream.getTracks().length > 0) return;
      const at = this.streams.indexOf(stream);
      if (at >= 0) this.streams.splice(at, 1);
      this.emit("streamEnded", stream);
    });
    this.emit("stream", stream);
  }

  #network(state: "connected" | "interrupted"): void {
    if (state === "interrupted" && this.state === "active") this.#become("reconnecting");
    if (state === "connected" && this.state === "reconnecting") this.#become("active");
  }

  // watch follows the call's own state where the socket does not tell it.
  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#look();
      await pause(this.#told && this.#cfg.socket.open ? 15_000 : this.state === "active" ? 3000 : 700, signal);
    }
  }

  async #look(): Promise<void> {
    try {
      this.#show(await this.#cfg.api.do("GET /calls/{id}", { id: this.id }));
    } catch (error) {
      if (gone(error)) this.#finish("ended", "");
      // Else the server is away for now: the connection says when it is for good.
    }
  }

  #show(body: CallBody): void {
    if (this.#stop.signal.aborted) return;
    const before = JSON.stringify(this.body?.participants);
    this.body = body;
    if (body.status === "ended") {
      this.#finish("ended", body.cause_text ?? "");
      return;
    }
    // Who has transferred the call, or was put out of it, is in it no more; it goes on without them.
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
  async #lost(error: unknown): Promise<void> {
    if (gone(error) || (error instanceof ApiError && error.status === 409)) await this.#look();
    const message = error instanceof Error ? error.message : String(error);
    if (!this.#stop.signal.aborted) void this.#cfg.api.do("POST /calls/{id}/end", { id: this.id }, { keepalive: true }).catch(() => undefined);
    this.#finish(gone(error) ? "ended" : "failed", message);
  }

  #become(state: CallState): void {
    if (this.#stop.signal.aborted || state === this.state) return;
    this.state = state;
    if (state === "active" && this.since === 0) this.since = Date.now();
    this.emit("state", { state, cause: this.cause });
  }

  #finish(state: "ended" | "failed", cause: string): void {
    if (this.#stop.signal.aborted) return;
    this.state = state = this.#leaving ? "ended" : state;
    this.cause = cause = this.#leaving ? "" : cause; // it was ours
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
}
