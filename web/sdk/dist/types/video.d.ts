import type { Devices } from "./devices.js";
import type { Environment, Stream, StreamLike, Track } from "./environment.js";
import type { Peer, Published } from "./peer.js";
import { type Source } from "./sections.js";
export interface RemoteVideo extends Source {
    readonly stream: Stream;
}
export interface VideoEvents {
    video: RemoteVideo;
    videoEnded: RemoteVideo;
    camera: {
        on: boolean;
    };
    screen: {
        on: boolean;
    };
}
export declare class Video {
    #private;
    private readonly env;
    private readonly devices;
    private readonly peer;
    private readonly tell;
    readonly remote: RemoteVideo[];
    constructor(env: Environment, devices: Devices, peer: () => Peer, tell: <K extends keyof VideoEvents>(event: K, detail: VideoEvents[K]) => void);
    take(track: Track, streams: readonly StreamLike[]): boolean;
    own(what: Published): Stream | null;
    start(what: Published, given?: Stream): Promise<Stream>;
    stop(what: Published): Promise<void>;
    change(): Promise<void>;
    sources(): Map<string, Source>;
    close(): void;
    cameraIn(stream: Stream): Stream | null;
}
