// The messages to this user: each is told once, however it comes. The WebSocket brings those that are
// written, and up to a hundred of those that waited; the others are asked for, and the server is told
// which of these were had.

import { type Api, ApiError, type MessageBody } from "./api.js";

const known = 2000; // of how many messages is remembered whether they were told
const pages = 10; // of what was written between two looks

type Page = Awaited<ReturnType<typeof Api.prototype.do<"GET /messages">>>;

export class Mailbox {
  #known = new Map<string, boolean>(); // by id, whether it was told; else it is of before we came
  #came = false; // what is of before is known
  #due = false; // something may wait
  #mute = false; // messages are not for us, or for us no more
  #reading: Promise<void> | null = null;

  constructor(private readonly api: Api, private readonly user: () => string, private readonly tell: (message: MessageBody) => void) {}

  // heard tells a message, once.
  heard(message: MessageBody): void {
    if (this.#known.get(message.id)) return;
    this.#know(message.id, true);
    this.tell(message);
  }

  #know(id: string, told: boolean): void {
    this.#known.delete(id); // the latest are behind
    this.#known.set(id, told);
    if (this.#known.size > known) for (const oldest of this.#known.keys()) { this.#known.delete(oldest); break; }
  }

  // ask reads what nobody pushes: what has been written since we came, which another client of this
  // user may have had, and what waits for us. What is pushed needs that only after a read that failed.
  ask(pushed: boolean): Promise<void> {
    if (pushed && !this.#due) return Promise.resolve();
    return this.#once(async () => {
      if (this.user() === "") this.#due = true; // an API key does not say which are ours
      else if (!pushed) await this.#written();
      await this.#waiting();
    });
  }

  // close has nothing be told or noted from what is being read.
  close(): void {
    this.#mute = true;
  }

  // waits reads what waits beside what is pushed.
  waits(): Promise<void> {
    this.#due = true;
    return this.ask(true);
  }

  #once(read: () => Promise<void>): Promise<void> {
    if (this.#mute) return Promise.resolve();
    return this.#reading ??= read().catch((error: unknown) => {
      // A key may be for calls alone.
      if (!(error instanceof ApiError) || ![403, 404].includes(error.status)) throw error;
      this.#mute = true;
    }).finally(() => { this.#reading = null; });
  }

  async #written(): Promise<void> {
    const fresh: MessageBody[] = [];
    let cursor = "";
    for (let page = 0; page < pages; page++) {
      const { items, next_cursor: next } = await this.api.do("GET /messages", {}, { query: { cursor } });
      if (this.#mute) return;
      const before = items.findLastIndex(({ id }) => this.#known.has(id));
      fresh.push(...(before < 0 || !this.#came ? items : items.slice(0, before)).filter(({ id }) => !this.#known.has(id)));
      if (!this.#came || before >= 0 || !next) break;
      cursor = next;
    }
    for (const message of fresh.reverse()) {
      if (this.#came && message.from !== this.user()) this.heard(message);
      else this.#know(message.id, false);
    }
    this.#due ||= !this.#came || fresh.some(({ from }) => from !== this.user());
    this.#came = true;
  }

  // waiting tells what waits, page by page, and then the server that we had it. What it is not told it
  // shows again.
  async #waiting(): Promise<void> {
    while (this.#due) {
      this.#due = false;
      try {
        for (let cursor: string | null | undefined = ""; typeof cursor === "string";) {
          const page: Page = await this.api.do("GET /messages", {}, { query: { waiting: true, cursor } });
          if (this.#mute) return;
          for (const message of page.items) this.heard(message);
          if (page.items.length > 0) await this.api.do("POST /messages/had", {}, { body: { ids: page.items.map(({ id }) => id) } });
          cursor = page.next_cursor;
        }
      } catch (error) {
        this.#due = true;
        throw error;
      }
    }
  }
}
