// A room that this client is in: its call, who is there, and what a moderator can do.

import type { Api, JoinBody, MessageBody, Role, RoomBody } from "./api.js";
import type { Call } from "./call.js";
import { Emitter, pause } from "./emitter.js";
import type { Frame, Socket } from "./socket.js";

export type RoomParticipant = NonNullable<RoomBody["participants"]>[number];

// passing are events that change nothing of the room; levels come five times a second.
const passing = new Set(["levels", "active_speaker", "dtmf"]);

interface RoomEvents {
  participants: RoomParticipant[];
  // event is whatever the server tells of the room: who speaks, levels, recording.
  event: Frame;
  ended: { cause: string };
}

export class Room extends Emitter<RoomEvents> {
  readonly id: string;
  readonly participantId: string;
  role: string;
  body: RoomBody | null = null;
  #stop = new AbortController();
  #off: (() => void)[];
  #reading = false;
  #again = false;
  #told = false; // the server pushes what happens here

  constructor(private readonly api: Api, private readonly socket: Socket, readonly call: Call, joined: JoinBody) {
    super();
    this.id = joined.room_id;
    call.place = `room:${joined.room_id}`;
    this.participantId = joined.participant_id;
    this.role = joined.role;
    this.#off = [
      socket.want(`room:${this.id}`),
      socket.on("frame", (frame) => {
        if (frame.room_id !== this.id && frame.channel !== `room:${this.id}`) return;
        this.#told = true;
        this.emit("event", frame);
        if (!passing.has(String(frame.event))) void this.refresh();
      }),
      socket.on("open", () => void this.refresh()),
      call.on("state", ({ state, cause }) => {
        if (state !== "ended" && state !== "failed") return;
        this.#stop.abort();
        for (const off of this.#off) off();
        this.emit("ended", { cause });
      }),
    ];
    void this.#watch();
  }

  // send says something to all who are in the room; call.chat tells what others say.
  send(body: string): Promise<MessageBody> {
    return this.call.chat.send(body);
  }

  get participants(): RoomParticipant[] {
    return this.body?.participants ?? [];
  }

  // refresh reads who is there; of several at once, the last is the one that counts.
  async refresh(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    try {
      do {
        this.#again = false;
        const body = await this.api.do("GET /rooms/{id}", { id: this.id });
        const before = JSON.stringify(this.body?.participants);
        this.body = body;
        this.role = body.participants?.find((p) => p.id === this.participantId)?.role ?? this.role;
        if (JSON.stringify(body.participants) !== before) this.emit("participants", body.participants ?? []);
      } while (this.#again && !this.#stop.signal.aborted);
    } catch (error) {
      if (!this.#stop.signal.aborted) console.warn("skybridge: room:", error);
    } finally {
      this.#reading = false;
    }
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.refresh();
      await pause(this.#told && this.socket.open ? 15_000 : 3000, this.#stop.signal);
    }
  }

  async leave(): Promise<void> {
    await this.call.hangUp();
  }

  // invite has the server ring an endpoint into the room.
  async invite(endpoint: string): Promise<void> {
    await this.api.do("POST /rooms/{id}/join", { id: this.id }, { body: { endpoint } });
  }

  // ---- for moderators

  async muteParticipant(id: string): Promise<void> {
    await this.api.do("POST /rooms/{id}/participants/{pid}/mute", { id: this.id, pid: id });
  }

  async unmuteParticipant(id: string): Promise<void> {
    await this.api.do("POST /rooms/{id}/participants/{pid}/unmute", { id: this.id, pid: id });
  }

  async kick(id: string): Promise<void> {
    await this.api.do("POST /rooms/{id}/participants/{pid}/kick", { id: this.id, pid: id });
  }

  async setRole(id: string, role: Role): Promise<void> {
    await this.api.do("POST /rooms/{id}/participants/{pid}/role", { id: this.id, pid: id }, { body: { role } });
  }

  async lock(): Promise<void> {
    await this.api.do("POST /rooms/{id}/lock", { id: this.id });
  }

  async unlock(): Promise<void> {
    await this.api.do("POST /rooms/{id}/unlock", { id: this.id });
  }

  async record(): Promise<void> {
    await this.api.do("POST /rooms/{id}/record", { id: this.id });
  }

  async stopRecording(): Promise<void> {
    await this.api.do("POST /rooms/{id}/record/stop", { id: this.id });
  }
}
