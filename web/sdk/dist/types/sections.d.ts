export declare function marked(sdp: string, mid: string | null): string;
export interface Source {
    participant: string;
    kind: "camera" | "screen";
}
export declare function sourceOf(stream: string): Source | null;
