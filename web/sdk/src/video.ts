// The video of a call: our camera and our screen, and those of the others.

import type { Devices } from "./devices.js";
import type { Environment, Stream, StreamLike, Track } from "./environment.js";
import type { Peer, Published } from "./peer.js";
import { type Source, sourceOf } from "./sections.js";

// RemoteVideo is somebody's camera or screen.
export interface RemoteVideo extends Source {
  readonly stream: Stream;
}

export interface VideoEvents {
  // video: a camera or screen of somebody is to be seen; videoEnded: no more.
  video: RemoteVideo;
  videoEnded: RemoteVideo;
  // camera, screen: ours is sent, or no more, also by the browser's own button.
  camera: { on: boolean };
  screen: { on: boolean };
}

type Heard = { addEventListener?(type: string, listener: (event: never) => void): void };

export class Video {
  readonly remote: RemoteVideo[] = [];
  #own = new Map<Published, Stream>();
  #opening = new Map<Published, Promise<Stream>>();
  #closed = false;

  constructor(private readonly env: Environment, private readonly devices: Devices, private readonly peer: () => Peer,
    private readonly tell: <K extends keyof VideoEvents>(event: K, detail: VideoEvents[K]) => void) {}

  // take takes a track that comes where it is somebody's camera or screen; false is another one.
  take(track: Track, streams: readonly StreamLike[]): boolean {
    const stream = streams[0] as Stream | undefined;
    const source = stream && sourceOf(stream.id);
    if (!source || track.kind !== "video") return false;
    const known = this.remote.find((v) => v.stream.id === stream.id);
    if (known?.stream === stream) return true;
    if (known) this.#gone(known);
    const video = { ...source, stream };
    this.remote.push(video);
    (stream as Heard).addEventListener?.("removetrack", () => {
      if (stream.getTracks().length === 0) this.#gone(video);
    });
    this.tell("video", video);
    return true;
  }

  #gone(video: RemoteVideo): void {
    const at = this.remote.indexOf(video);
    if (at < 0) return;
    this.remote.splice(at, 1);
    this.tell("videoEnded", video);
  }

  own(what: Published): Stream | null {
    return this.#own.get(what) ?? null;
  }

  // start sends a camera or a screen, one that is given or the one that the user chooses.
  start(what: Published, given?: Stream): Promise<Stream> {
    const before = this.#own.get(what);
    if (before) return Promise.resolve(before);
    let opening = this.#opening.get(what);
    if (!opening) {
      opening = this.#start(what, given).finally(() => this.#opening.delete(what));
      this.#opening.set(what, opening);
    }
    return opening;
  }

  async #start(what: Published, given?: Stream): Promise<Stream> {
    const stream = given ?? await (what === "camera" ? this.devices.capture({ audio: false, video: true }) : this.devices.screen());
    const [track] = stream.getVideoTracks();
    if (!track || this.#closed) {
      for (const each of stream.getTracks()) each.stop();
      throw new Error(this.#closed ? "the call has ended" : "there is no video in it");
    }
    this.#own.set(what, stream);
    // The browser has a button of its own that ends the sharing of a screen, and cameras are unplugged.
    (track as Heard).addEventListener?.("ended", () => {
      if (this.#own.get(what)?.getVideoTracks().includes(track as never)) void this.stop(what);
    });
    try {
      await this.peer().publish(what, track, stream);
    } catch (error) {
      if (this.#own.get(what) === stream) this.#own.delete(what);
      for (const each of stream.getVideoTracks()) each.stop();
      throw error;
    }
    if (this.#own.get(what) === stream) this.tell(what, { on: true }); // else it was stopped meanwhile
    return stream;
  }

  // stop ends it.
  async stop(what: Published): Promise<void> {
    const stream = this.#own.get(what);
    if (!stream) return;
    this.#own.delete(what);
    for (const track of stream.getVideoTracks()) track.stop();
    if (!this.#closed) await this.peer().unpublish(what);
    this.tell(what, { on: false });
  }

  // change sends another camera in the place of the one that is sent.
  async change(): Promise<void> {
    const fresh = await this.devices.capture({ audio: false, video: true });
    const before = this.#own.get("camera");
    this.#own.delete("camera");
    await this.start("camera", fresh);
    for (const track of before?.getVideoTracks() ?? []) track.stop();
  }

  // sources names whose video a track shows, for statistics.
  sources(): Map<string, Source> {
    const all = new Map<string, Source>();
    for (const { participant, kind, stream } of this.remote) {
      for (const track of stream.getVideoTracks()) all.set(track.id, { participant, kind });
    }
    return all;
  }

  close(): void {
    this.#closed = true;
    for (const what of [...this.#own.keys()]) void this.stop(what);
    for (const video of [...this.remote]) this.#gone(video);
  }

  // cameraIn is what a stream has of a camera, as a stream of its own.
  cameraIn(stream: Stream): Stream | null {
    const tracks = stream.getVideoTracks();
    if (tracks.length === 0) return null;
    const { MediaStream } = this.env;
    return MediaStream ? (new MediaStream(tracks as never) as Stream) : stream;
  }
}
