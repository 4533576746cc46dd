// Microphones, cameras and loudspeakers, and which of them is used.

import { Emitter } from "./emitter.js";
import type { Environment, Stream } from "./environment.js";

export interface Device {
  id: string;
  kind: "microphone" | "camera" | "speaker";
  name: string; // "" until the user has once allowed the use of one
}

// Wanted says what of a person's is to be sent.
export interface Wanted {
  audio?: boolean;
  video?: boolean;
}

interface DeviceEvents {
  change: Device[];
}

const kinds: Record<string, Device["kind"]> = { audioinput: "microphone", videoinput: "camera", audiooutput: "speaker" };

// What plays a call: an HTMLMediaElement in a browser.
interface Player {
  setSinkId?(id: string): Promise<void>;
}

export class Devices extends Emitter<DeviceEvents> {
  #chosen: Partial<Record<Device["kind"], string>> = {};
  #players = new Set<Player>();

  constructor(private readonly env: Environment) {
    super();
    env.mediaDevices?.addEventListener?.("devicechange", this.#changed);
  }

  #changed = (): void => {
    this.list().then((all) => this.emit("change", all)).catch((error: unknown) => console.warn("skybridge: devices:", error));
  };

  // close ends the change events; the rest goes on for calls that are under way.
  close(): void {
    this.env.mediaDevices?.removeEventListener?.("devicechange", this.#changed);
  }

  // list is what there is. Names are empty until the user has allowed the use of one.
  async list(): Promise<Device[]> {
    const all = await this.env.mediaDevices?.enumerateDevices?.() as { deviceId: string; kind: string; label: string }[] | undefined;
    return (all ?? []).flatMap(({ deviceId: id, kind, label: name }) => {
      const known = kinds[kind];
      return known ? [{ id, kind: known, name }] : [];
    });
  }

  chosen(kind: Device["kind"]): string {
    return this.#chosen[kind] ?? "";
  }

  // choose has later captures use a device; "" is the system's own choice. For calls that
  // are under way, Call.use does it. Speakers change at once, for all that plays.
  async choose(kind: Device["kind"], id: string): Promise<void> {
    this.#chosen[kind] = id;
    if (kind === "speaker") await Promise.all([...this.#players].map((p) => p.setSinkId?.(id)));
  }

  // plays makes an element follow the choice of a speaker, until the function it gives is called.
  plays(element: Player): () => void {
    this.#players.add(element);
    const id = this.#chosen.speaker;
    if (id) element.setSinkId?.(id).catch((error: unknown) => console.warn("skybridge: speaker:", error));
    return () => void this.#players.delete(element);
  }

  // capture opens the microphone, and the camera where it is wanted.
  async capture({ audio = true, video = false }: Wanted = {}): Promise<Stream> {
    if (!this.env.mediaDevices) throw new Error("There is no access to a microphone here: a page needs HTTPS, or localhost.");
    const of = (kind: Device["kind"]): { deviceId?: { exact: string } } =>
      this.#chosen[kind] ? { deviceId: { exact: this.#chosen[kind] } } : {};
    return this.env.mediaDevices.getUserMedia({
      audio: audio && { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...of("microphone") },
      video: video && { width: { ideal: 1280 }, height: { ideal: 720 }, ...of("camera") },
    }) as Promise<Stream>;
  }

  // screen asks the user for a screen or window to share.
  async screen(): Promise<Stream> {
    if (!this.env.mediaDevices?.getDisplayMedia) throw new Error("Screens cannot be shared from here.");
    return this.env.mediaDevices.getDisplayMedia({ video: true, audio: false }) as Promise<Stream>;
  }
}
