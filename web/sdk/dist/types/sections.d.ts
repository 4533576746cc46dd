import type { TrackLike } from "./environment.js";
export declare function marked(sdp: string, mid: string | null): string;
export declare function taken(sdp: string, mid: string): boolean;
export declare function videosTaken(sdp: string): boolean[];
export declare function layersOf(track: TrackLike): {
    rid: string;
    scaleResolutionDownBy?: number;
    maxBitrate: number;
}[];
export interface Source {
    participant: string;
    kind: "camera" | "screen";
}
export declare function sourceOf(stream: string): Source | null;
