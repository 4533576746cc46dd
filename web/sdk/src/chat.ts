// Messages to all who are in a call or room: by the data channel of the call's connection where
// that is there, else as the client's other messages go.

import type { MessageBody } from "./api.js";
import { Emitter } from "./emitter.js";
import type { DataChannel, PeerConnection } from "./environment.js";
import { type Frame, FrameError } from "./socket.js";

export interface ChatConfig {
  pc: PeerConnection | null; // null where the call has ended
  place: () => string; // room:ID or call:ID
  otherwise: (to: string, body: string) => Promise<MessageBody>; // where there is no channel
  heard: (message: MessageBody) => void; // by the channel
}

interface ChatEvents {
  // message is one of somebody else's in the call or room, however it came.
  message: MessageBody;
  // open tells that messages go by the data channel from now on, or that they do no more.
  open: boolean;
}

const answerLimit = 20_000; // ms: the server drops an answer where too much is on its way to us

interface Waiting {
  settle(message: MessageBody): void;
  fail(error: Error): void;
}

export class Chat extends Emitter<ChatEvents> {
  #channel: DataChannel | null;
  #waiting = new Map<number, Waiting>();
  #next = 1;

  constructor(private readonly cfg: ChatConfig) {
    super();
    const channel = this.#channel = cfg.pc?.createDataChannel?.("chat") as DataChannel | undefined ?? null;
    if (!channel) return;
    channel.onopen = () => this.emit("open", true);
    channel.onmessage = ({ data }: { data: unknown }) => this.#take(String(data));
    channel.onclose = () => this.close();
  }

  // open tells whether messages go by the data channel now.
  get open(): boolean {
    return this.#channel?.readyState === "open";
  }

  // send says something to all who are there; it gives the message as the server keeps it.
  async send(body: string): Promise<MessageBody> {
    const channel = this.#channel;
    if (channel?.readyState !== "open") return this.cfg.otherwise(this.cfg.place(), body);
    const id = this.#next++;
    let timer;
    try {
      return await new Promise((settle, fail) => {
        this.#waiting.set(id, { settle, fail });
        timer = setTimeout(() => fail(new FrameError("timeout", "Message: the server does not answer")), answerLimit);
        channel.send(JSON.stringify({ type: "Message", id, body }));
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  #take(text: string): void {
    const frame = JSON.parse(text) as Frame;
    const waiting = this.#waiting.get(Number(frame.in_reply_to));
    this.#waiting.delete(Number(frame.in_reply_to));
    if (frame.type === "Error") waiting?.fail(new FrameError(String(frame.code), String(frame.detail)));
    else if (frame.type !== "Message") return;
    else if (waiting) waiting.settle(frame as unknown as MessageBody);
    else if (frame.in_reply_to === undefined) this.cfg.heard(frame as unknown as MessageBody);
  }

  // tell takes a message that came by any way.
  tell(message: MessageBody): void {
    if (message.to === this.cfg.place()) this.emit("message", message);
  }

  // close ends the data channel. What has no answer yet may have been said, or not.
  close(): void {
    const channel = this.#channel;
    if (!channel) return;
    this.#channel = null;
    channel.onopen = channel.onmessage = channel.onclose = null;
    channel.close();
    for (const { fail } of this.#waiting.values()) fail(new Error("skybridge: the data channel ended before an answer"));
    this.#waiting.clear();
    this.emit("open", false);
  }
}
