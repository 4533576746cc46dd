import type { Api } from "./api.js";
import { Emitter } from "./emitter.js";
import type { Environment } from "./environment.js";
export interface Frame {
    type: string;
    seq?: number;
    timestamp?: string;
    in_reply_to?: string | number;
    [member: string]: unknown;
}
export declare class FrameError extends Error {
    readonly code: string;
    readonly name = "FrameError";
    constructor(code: string, detail: string);
}
interface SocketEvents {
    frame: Frame;
    open: {
        fresh: boolean;
    };
    lost: {
        reason: string;
    };
}
export interface SocketTimes {
    patience: number;
    answer: number;
}
export declare class Socket extends Emitter<SocketEvents> {
    #private;
    private readonly api;
    private readonly env;
    private readonly times;
    session: string;
    user: string;
    open: boolean;
    constructor(api: Api, env: Environment, times?: SocketTimes);
    get possible(): boolean;
    run(): Promise<void>;
    retry(): void;
    close(): void;
    ask(frame: Frame): Promise<Frame>;
    want(channel: string): () => void;
}
export {};
