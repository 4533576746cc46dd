// The VoIP REST API. The types of bodies are generated from the server's own document.

import type { Environment, RequestLike, ResponseLike } from "./environment.js";
import type { components } from "./openapi.js";
import type { Answer, Args, Route } from "./routes.js";

type Schemas = components["schemas"];
export type CallBody = Schemas["CallBody"];
export type CreateCall = Schemas["CreateCall"];
export type Participant = Schemas["ParticipantBody"];
export type SignalingMessage = Schemas["MessageBody"];
export type MessageType = Schemas["SendMessage"]["message_type"];
export type RoomBody = Schemas["RoomBody"];
export type CreateRoom = Schemas["CreateRoom"];
export type ChangeRoom = Schemas["ChangeRoom"];
export type JoinRoom = Schemas["JoinRoom"];
export type Role = Schemas["Set-participant-roleRequest"]["role"];
export type JoinBody = Schemas["JoinBody"];
export type MessageBody = Schemas["MessageToUser"];
export type Problem = Schemas["Problem"];

// ApiError is an answer that is no success, with what its problem body says (RFC 9457).
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly traceId: string;
  readonly problem: Partial<Problem>;
  // retryAfter is how long the server asks to wait, in seconds; 0 where it does not.
  readonly retryAfter: number;
  constructor(readonly status: number, problem: Partial<Problem> | null, retryAfter = 0) {
    super(problem?.detail || problem?.title || `The server answered ${status}.`);
    this.problem = problem ?? {};
    this.code = problem?.code ?? "";
    this.traceId = problem?.trace_id ?? "";
    this.retryAfter = retryAfter;
  }
}

// gone are the answers that say that there is no such call any more.
export const gone = (error: unknown): boolean => error instanceof ApiError && [404, 410].includes(error.status);

// Token is a JWT, or a function that gives one that is still good; an API key is
// {apiKey: "…"}.
export type Credentials = string | (() => string | Promise<string>) | { apiKey: string };

export interface RequestOptions {
  body?: unknown;
  signal?: AbortSignal;
  keepalive?: boolean;
  // once makes a request that is sent again after a lost connection do its work once.
  once?: boolean;
}

export class Api {
  constructor(readonly url: string, readonly credentials: Credentials, private readonly env: Environment) {}

  // token is the JWT, or "" when an API key is used.
  async token(): Promise<string> {
    if (typeof this.credentials === "string") return this.credentials;
    return typeof this.credentials === "function" ? this.credentials() : "";
  }

  // do carries an operation of the API's document out: its body and its answer are of the
  // document's types.
  do<R extends Route>(route: R, ...[ids, options]: Args<R, RequestOptions>): Promise<Answer<R>> {
    const [method = "", template = ""] = route.split(" ", 2);
    const given: RequestOptions & { query?: Record<string, string | number | boolean | undefined> } = options ?? {};
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent((ids as Record<string, string>)[name] ?? ""));
    const query = Object.entries(given.query ?? {}).filter(([, value]) => value !== undefined && value !== "");
    const text = query.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
    return this.request(method, text ? `${path}?${text}` : path, given);
  }

  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (typeof this.credentials === "object") headers["X-API-Key"] = this.credentials.apiKey;
    else headers.Authorization = `Bearer ${await this.token()}`;
    const init: RequestLike = { method, headers, cache: "no-store", credentials: "omit" };
    if (options.signal) init.signal = options.signal;
    if (options.keepalive) init.keepalive = true;
    if (options.body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(options.body);
    }
    if (options.once) headers["Idempotency-Key"] = key();
    const response = await this.#send(path, init, options);
    const text = await response.text();
    let value: unknown = null;
    try {
      value = text === "" ? null : JSON.parse(text);
    } catch {
      // Something between us and the server answered in its own words.
      if (response.ok) throw new ApiError(response.status, { detail: `${method} ${path}: the answer is no JSON` });
    }
    if (!response.ok) {
      throw new ApiError(response.status, value as Problem | null, Number(response.headers.get("Retry-After")) || 0);
    }
    return value as T;
  }

  // send tries a second time where that changes nothing.
  async #send(path: string, init: RequestLike, options: RequestOptions): Promise<ResponseLike> {
    const url = `${this.url}/api/v1/voip${path}`;
    try {
      return await this.env.fetch(url, init);
    } catch (error) {
      if (!options.once || options.signal?.aborted) throw error;
      return this.env.fetch(url, init);
    }
  }

  // all reads every page of a list.
  async all<T>(path: string, options?: RequestOptions): Promise<T[]> {
    const items: T[] = [];
    for (let cursor = ""; ;) {
      const page = await this.request<{ items: T[] | null; next_cursor?: string | null }>(
        "GET", cursor ? `${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}` : path, options);
      items.push(...page?.items ?? []);
      if (!page?.next_cursor || page.next_cursor === cursor) return items;
      cursor = page.next_cursor;
    }
  }

  // signal gives the server, or another user of the call, a signaling message.
  signal(call: string, type: MessageType, payload: unknown, options: RequestOptions & { to?: string } = {}): Promise<SignalingMessage> {
    const { to, ...rest } = options;
    return this.do("POST /calls/{id}/signaling", { id: call }, { ...rest, body: { to_user: to ?? "server", message_type: type, payload } });
  }

  // messages gives the signaling messages after seq; with wait (seconds) it waits for one.
  async messages(call: string, after: number, wait: number, signal?: AbortSignal): Promise<SignalingMessage[]> {
    const page = await this.do("GET /calls/{id}/signaling", { id: call }, { query: { after, wait }, ...signal && { signal } });
    return page.items;
  }
}

// userOf is the user that a JWT is for, or "" when it says nothing (an API key). It is for
// finding one's own part in calls; the server checks.
export function userOf(token: string): string {
  const part = token.split(".")[1];
  if (!part) return "";
  try {
    const text = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    const claims = JSON.parse(decodeURIComponent([...text].map((c) => "%" + c.charCodeAt(0).toString(16).padStart(2, "0")).join(""))) as { sub?: unknown };
    return typeof claims.sub === "string" ? claims.sub : "";
  } catch {
    return "";
  }
}

// key is as good as unique; it is no secret.
function key(): string {
  const { crypto } = globalThis as { crypto?: { randomUUID?: () => string } };
  return crypto?.randomUUID?.() ?? Array.from({ length: 4 }, () => Math.random().toString(36).slice(2)).join("-");
}
