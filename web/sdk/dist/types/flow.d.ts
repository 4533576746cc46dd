import type { PeerConnection } from "./environment.js";
export declare class Flow {
    #private;
    private readonly pc;
    private readonly lost;
    constructor(pc: PeerConnection, lost: () => void);
    due(): boolean;
    watch(stop: AbortSignal): Promise<void>;
}
