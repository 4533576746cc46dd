import type { Environment } from "./environment.js";
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
export declare class ApiError extends Error {
    readonly status: number;
    readonly name = "ApiError";
    readonly code: string;
    readonly traceId: string;
    readonly problem: Partial<Problem>;
    readonly retryAfter: number;
    constructor(status: number, problem: Partial<Problem> | null, retryAfter?: number);
}
export declare const gone: (error: unknown) => boolean;
export type Credentials = string | (() => string | Promise<string>) | {
    apiKey: string;
};
export interface RequestOptions {
    body?: unknown;
    signal?: AbortSignal;
    keepalive?: boolean;
    once?: boolean;
}
export declare class Api {
    #private;
    readonly url: string;
    readonly credentials: Credentials;
    private readonly env;
    constructor(url: string, credentials: Credentials, env: Environment);
    token(): Promise<string>;
    do<R extends Route>(route: R, ...[ids, options]: Args<R, RequestOptions>): Promise<Answer<R>>;
    request<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
    all<T>(path: string, options?: RequestOptions): Promise<T[]>;
    signal(call: string, type: MessageType, payload: unknown, options?: RequestOptions & {
        to?: string;
    }): Promise<SignalingMessage>;
    messages(call: string, after: number, wait: number, signal?: AbortSignal): Promise<SignalingMessage[]>;
}
export declare function userOf(token: string): string;
export {};
