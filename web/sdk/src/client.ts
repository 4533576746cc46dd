// The client: one user's calls, rooms, presence and messages at one server.

import {
  Api, type CallBody, type ChangeRoom, type CreateCall, type CreateRoom, type Credentials, type JoinBody, type JoinRoom, type MessageBody, type RoomBody,
  userOf,
} from "./api.js";
import { Call, endpointOf } from "./call.js";
import { Devices, type Wanted } from "./devices.js";
import { Emitter, pause } from "./emitter.js";
import { type Environment, type IceServer, type Stream, surroundings } from "./environment.js";
import { Mailbox } from "./mailbox.js";
import { Room } from "./room.js";
import { type Frame, Socket } from "./socket.js";

export interface ClientOptions {
  // url is the server's, "https://pbx.example"; that of the page when left out.
  url?: string;
  // token is a JWT, or a function that gives one; {apiKey} uses an API key instead.
  token: Credentials;
  // environment has what globalThis lacks: in Node and React Native, WebRTC at least.
  environment?: Partial<Environment>;
  // patience is for how long a call waits for a lost network, in ms; the server does for 30 s.
  patience?: number;
}

export interface CallOptions extends Wanted {
  // local is what is sent; else the microphone, with video the camera too. The call stops its
  // tracks when it ends.
  local?: Stream;
  // receiveVideo asks for others' video also where none is sent.
  receiveVideo?: boolean;
  metadata?: Record<string, unknown>;
  callerId?: string;
  timeout?: number; // seconds of ringing
}

export interface Presence {
  user_id: string;
  status: string;
  status_message?: string;
}

// Message is one to this user, or to a room (to is "room:ID") that they are in.
export type Message = MessageBody;

interface ClientEvents {
  // incoming: somebody calls this user. Accept or decline it.
  incoming: Incoming;
  // incomingEnded: the caller hung up, or it was taken elsewhere.
  incomingEnded: Incoming;
  presence: Presence;
  message: Message;
  // connection: whether things are pushed (true) or asked for (false).
  connection: { pushed: boolean; reason: string };
  frame: Frame;
}

// Incoming is a call that rings for this user.
export interface Incoming {
  readonly id: string;
  readonly body: CallBody;
  readonly caller: string;
  accept(options?: CallOptions): Promise<Call>;
  decline(): Promise<void>;
}

const storageKey = "skybridge.call";

export class Client extends Emitter<ClientEvents> {
  readonly api: Api;
  readonly devices: Devices;
  readonly calls = new Map<string, Call>();
  user = "";
  #env: Environment;
  #socket: Socket;
  #stop = new AbortController();
  #ringing = new Map<string, Incoming>();
  #decided = new Set<string>(); // calls that ring no more here, whatever the server still shows
  #looking = false;
  #told = false; // the server pushes what happens to calls
  #mailbox: Mailbox;
  #patience: number;

  constructor(options: ClientOptions) {
    super();
    this.#env = surroundings(options.environment);
    const page = (globalThis as { location?: { origin: string } }).location?.origin;
    const url = options.url ?? page;
    if (!url) throw new Error("skybridge: give the server's url");
    this.api = new Api(url.replace(/\/+$/, ""), options.token, this.#env);
    this.devices = new Devices(this.#env);
    this.#socket = new Socket(this.api, this.#env);
    this.#mailbox = new Mailbox(this.api, () => this.user, (message) => {
      this.emit("message", message);
      for (const call of this.calls.values()) call.told(message);
    });
    this.#patience = options.patience ?? 30_000;
  }

  // connect checks the token and begins to listen: to incoming calls, presence, messages. Where that
  // fails it can be done again.
  async connect(): Promise<void> {
    this.user = userOf(await this.api.token());
    await this.#look();
    if (this.#stop.signal.aborted) throw new Error("the client is closed");
    this.#socket.want("calls");
    this.#socket.want("signaling"); // messages too: they outlast the calls that want it
    this.#socket.on("frame", (frame) => this.#frame(frame));
    this.#socket.on("open", () => {
      this.user ||= this.#socket.user;
      this.emit("connection", { pushed: true, reason: "" });
      void this.#look();
    });
    this.#socket.on("lost", ({ reason }) => this.emit("connection", { pushed: false, reason }));
    if (this.#socket.possible) void this.#socket.run();
    for (const [target, type] of this.#networkEvents()) target.addEventListener(type, this.#networkChanged);
    void this.#watch();
  }

  // close ends what connect began; calls that are under way go on until they are hung up.
  close(): void {
    this.#stop.abort();
    this.#socket.close();
    this.#mailbox.close();
    this.devices.close();
    for (const [target, type] of this.#networkEvents()) target.removeEventListener(type, this.#networkChanged);
  }

  get pushed(): boolean {
    return this.#socket.open;
  }

  #networkEvents(): [{ addEventListener: (t: string, f: () => void) => void; removeEventListener: (t: string, f: () => void) => void }, string][] {
    const { online, connection } = this.#env.network ?? {};
    return [...online ? [[online, "online"] as const] : [], ...connection ? [[connection, "change"] as const] : []].map(([t, e]) => [t, e]);
  }

  // networkChanged has every call look for a new path, at once. React Native's app calls it
  // when NetInfo says so.
  readonly networkChanged = (): void => {
    this.#socket.retry();
    for (const call of this.calls.values()) call.networkChanged();
  };
  #networkChanged = this.networkChanged;

  // ---- calls

  // call calls endpoints ("SIP/1001", "WebRTC/anna") or, without a slash, a phone's number.
  async call(target: string | string[], options: CallOptions = {}): Promise<Call> {
    const participants = [target].flat().map(endpointOf);
    const body: CreateCall = { participants, call_type: options.video ? "video" : "audio" };
    if (options.metadata) body.metadata = options.metadata;
    if (options.callerId) body.caller_id = options.callerId;
    if (options.timeout) body.timeout = options.timeout;
    // The microphone first: nobody's phone should ring when there is none.
    return this.#begin(options, async () => {
      const made = await this.api.do("POST /calls", {}, { body, once: true });
      return { id: made.id, iceServers: made.ice_servers };
    });
  }

  // incoming are the calls that ring for this user now.
  get incoming(): Incoming[] {
    return [...this.#ringing.values()];
  }

  // list is the user's calls, as the server shows them.
  list(): Promise<CallBody[]> {
    return this.api.all<CallBody>("/calls");
  }

  async #begin(options: CallOptions, make: () => Promise<{ id: string; iceServers: JoinBody["ice_servers"] }>): Promise<Call> {
    const local = options.local ?? await this.devices.capture(options);
    let id = "";
    try {
      const made = await make();
      id = made.id;
      const call = new Call({
        api: this.api, socket: this.#socket, env: this.#env, devices: this.devices, id, local, user: () => this.user, patience: this.#patience,
        receiveVideo: options.receiveVideo ?? options.video ?? false,
        iceServers: (made.iceServers ?? []).flatMap((s) => (s.urls ? [s as IceServer] : [])),
        say: (to, body) => this.sendMessage(to, body), heard: (message) => this.#mailbox.heard(message),
        over: (ended) => {
          this.calls.delete(ended.id);
          if (this.#env.storage?.getItem(storageKey) === ended.id) this.#env.storage.removeItem(storageKey);
        },
      });
      this.calls.set(id, call);
      this.#env.storage?.setItem(storageKey, id);
      await call.start();
      return call;
    } catch (error) {
      if (!options.local) for (const track of local.getTracks()) track.stop();
      throw error;
    }
  }

  // resume goes on with the call that this page was in before it was loaded again; null
  // where there is none any more.
  async resume(options: CallOptions = {}): Promise<Call | null> {
    const id = this.#env.storage?.getItem(storageKey);
    if (!id || this.calls.has(id)) return null;
    const body = await this.api.do("GET /calls/{id}", { id }).catch(() => null);
    if (!body || body.status === "ended") {
      this.#env.storage?.removeItem(storageKey);
      return null;
    }
    return this.#begin({ video: body.call_type === "video", ...options }, async () => ({ id, iceServers: body.ice_servers }));
  }

  // ---- rooms

  readonly rooms = {
    list: (): Promise<RoomBody[]> => this.api.all<RoomBody>("/rooms"),
    get: (id: string): Promise<RoomBody> => this.api.do("GET /rooms/{id}", { id }),
    create: (room: CreateRoom): Promise<RoomBody> => this.api.do("POST /rooms", {}, { body: room, once: true }),
    change: (id: string, room: ChangeRoom): Promise<RoomBody> => this.api.do("PATCH /rooms/{id}", { id }, { body: room }),
    remove: async (id: string): Promise<void> => {
      await this.api.do("DELETE /rooms/{id}", { id });
    },
    join: async (id: string, options: CallOptions & Pick<JoinRoom, "pin" | "role"> = {}): Promise<Room> => {
      let joined: JoinBody | undefined;
      const call = await this.#begin(options, async () => {
        const body: JoinRoom = {};
        if (options.pin) body.pin = options.pin;
        if (options.role) body.role = options.role;
        joined = await this.api.do("POST /rooms/{id}/join", { id }, { body });
        return { id: joined.call_id, iceServers: joined.ice_servers };
      });
      return new Room(this.api, this.#socket, call, joined!);
    },
  };

  // ---- presence, which needs the WebSocket, and messages

  // setPresence tells others how this user is: "online", "busy", "away", "offline".
  async setPresence(status: string, message = ""): Promise<void> {
    await this.#socket.ask({ type: "PresenceUpdate", user_id: this.user, status, status_message: message });
  }

  // watchPresence has a user's presence told, until the function it gives is called.
  watchPresence(user: string): () => void {
    return this.#socket.want(`presence:${user}`);
  }

  // sendMessage sends text to a user, or to all in a room or call that this user is in
  // ("room:ID", "call:ID"); Call.chat sends those by the call's own data channel.
  async sendMessage(to: string, body: string): Promise<Message> {
    if (!this.#socket.open) return this.api.do("POST /messages", {}, { body: { to, body }, once: true });
    return await this.#socket.ask({ type: "Message", to, body }) as unknown as Message;
  }

  // messages are the latest, newest first: with a user, of a room, or all.
  async messages(of: { with?: string; room?: string; limit?: number } = {}): Promise<Message[]> {
    return (await this.api.do("GET /messages", {}, { query: of })).items;
  }

  // ---- what happens

  #frame(frame: Frame): void {
    this.emit("frame", frame);
    switch (frame.type) {
      case "Call":
        if (frame.event !== "current") this.#told = true;
        if (frame.call) this.#see(frame.call as CallBody);
        else void this.#look();
        break;
      case "Presence":
        this.emit("presence", frame as unknown as Presence);
        break;
      case "Message":
        // With in_reply_to it is one of ours that was sent.
        if (frame.in_reply_to === undefined) this.#mailbox.heard(frame as unknown as Message);
        break;
      case "MessagesWaiting":
        this.#mailbox.waits().catch(this.#failed);
        break;
    }
  }

  // failed is for what is asked for again in a while.
  #failed = (error: unknown): void => this.emit("connection", { pushed: this.#socket.open, reason: String(error) });

  // messages asks for what nobody pushes, for those who listen: what is read counts as had.
  async #messages(): Promise<void> {
    const pushed = this.#socket.open;
    if (pushed || this.calls.size > 0 || this.listened("message")) await this.#mailbox.ask(pushed);
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await pause(this.#told && this.#socket.open ? 30_000 : 2000, signal);
      if (!signal.aborted) await Promise.all([this.#look(), this.#messages()]).catch(this.#failed);
    }
  }

  // look reads the calls and finds those that ring for us.
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const calls = await this.api.all<CallBody>("/calls");
      const ids = new Set(calls.map((c) => c.id));
      for (const call of calls) this.#see(call);
      for (const [id, ring] of this.#ringing) if (!ids.has(id)) this.#silence(ring);
    } finally {
      this.#looking = false;
    }
  }

  #see(body: CallBody): void {
    const rings = body.status !== "ended" && this.user !== "" && !this.calls.has(body.id) && !this.#decided.has(body.id)
      && body.participants?.some((p) => p.user_id === this.user && p.state === "ringing" && p.role !== "caller");
    const known = this.#ringing.get(body.id);
    if (rings && !known) {
      const ring = this.#ring(body);
      this.#ringing.set(body.id, ring);
      this.emit("incoming", ring);
    } else if (!rings && known) {
      this.#silence(known);
    }
  }

  #silence(ring: Incoming): void {
    this.#ringing.delete(ring.id);
    this.emit("incomingEnded", ring);
  }

  #ring(body: CallBody): Incoming {
    const { id } = body;
    return {
      id, body,
      caller: String(body.metadata?.caller_id || body.created_by || ""),
      accept: async (options: CallOptions = {}) => {
        this.#decided.add(id);
        this.#ringing.delete(id);
        try {
          return await this.#begin({ video: body.call_type === "video", ...options }, async () => {
            const taken = await this.api.do("POST /calls/{id}/accept", { id });
            return { id, iceServers: taken.ice_servers ?? body.ice_servers };
          });
        } catch (error) {
          this.#decided.delete(id); // it rings on, if it does
          throw error;
        }
      },
      decline: async () => {
        this.#decided.add(id);
        this.#ringing.delete(id);
        await this.api.do("POST /calls/{id}/end", { id });
      },
    };
  }
}

// connect makes a client and connects it.
export async function connect(options: ClientOptions): Promise<Client> {
  const client = new Client(options);
  await client.connect();
  return client;
}
