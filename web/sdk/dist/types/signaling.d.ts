import { type Api, type SignalingMessage } from "./api.js";
import type { Socket } from "./socket.js";
export declare class Signaling {
    #private;
    private readonly api;
    private readonly socket;
    private readonly call;
    private readonly take;
    private readonly lost;
    constructor(api: Api, socket: Socket, call: string, take: (message: SignalingMessage) => Promise<void>, lost: (error: unknown) => void);
    start(after: number): void;
    stop(): void;
}
