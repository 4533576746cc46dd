import { type MessageType } from "./api.js";
export interface Given {
    seq: number;
    reply?: {
        payload?: unknown;
    };
}
export type Send = (type: MessageType, payload: unknown, signal: AbortSignal) => Promise<Given>;
export declare class Delivery {
    #private;
    private readonly send;
    private readonly patience;
    moved: boolean;
    constructor(send: Send, patience: number);
    deliver(description: {
        type: "offer" | "answer";
        sdp: string;
    }): Promise<Given | null>;
    attempt(type: MessageType, payload: unknown): Promise<Given>;
    hurry(): void;
    close(): void;
}
