import { type Send } from "./delivery.js";
import type { Candidate, Environment, IceServer, PeerConnection, Sender, StreamLike, TrackLike } from "./environment.js";
export interface PeerConfig {
    env: Environment;
    iceServers: IceServer[];
    send: Send;
    track(track: TrackLike, streams: readonly StreamLike[]): void;
    network(state: "connected" | "interrupted"): void;
    failed(error: Error): void;
    patience: number;
}
export type Published = "camera" | "screen";
export declare class Peer {
    #private;
    private readonly cfg;
    readonly pc: PeerConnection;
    began: number;
    constructor(cfg: PeerConfig);
    add(stream: StreamLike, tracks?: TrackLike[]): Sender[];
    receive(kind: "audio" | "video"): void;
    publish(what: Published, track: TrackLike, stream: StreamLike): Promise<void>;
    unpublish(what: Published): Promise<void>;
    start(): Promise<void>;
    negotiate(): Promise<void>;
    take(type: string, payload: unknown, seq: number): Promise<void>;
    restart(): void;
    videoSections(): boolean[];
    close(): void;
}
export declare function candidateIn(payload: unknown): Candidate | null;
