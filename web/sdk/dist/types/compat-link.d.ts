export interface Takes {
    offer(offer: RTCSessionDescriptionInit): Promise<void>;
    candidate(candidate: RTCIceCandidateInit): Promise<void>;
    over(): void;
}
export declare class Link {
    #private;
    readonly fetch: typeof globalThis.fetch;
    readonly base: string;
    readonly id: string;
    taken: boolean;
    iceServers: RTCIceServer[];
    readonly headers: Headers;
    constructor(fetch: typeof globalThis.fetch, base: string, id: string, headers: Headers);
    send(type: string, payload: unknown, keepalive?: boolean): Promise<unknown>;
    leave(): void;
    follow(takes: Takes): Promise<void>;
}
export declare function answerIn(message: unknown): RTCSessionDescriptionInit | null;
export declare function candidateIn(payload: unknown): RTCIceCandidateInit | null;
