export interface TrackLike {
    readonly id: string;
    readonly kind: string;
    enabled: boolean;
    stop(): void;
}
export interface StreamLike {
    readonly id: string;
    getTracks(): TrackLike[];
    getAudioTracks(): TrackLike[];
    getVideoTracks(): TrackLike[];
}
export type Stream = typeof globalThis extends {
    MediaStream: {
        prototype: infer S extends StreamLike;
    };
} ? S : StreamLike;
export type Track = ReturnType<Stream["getTracks"]>[number];
export interface Description {
    type: string;
    sdp?: string;
}
export interface Candidate {
    candidate?: string;
    sdpMid?: string | null;
    sdpMLineIndex?: number | null;
    usernameFragment?: string | null;
}
export interface IceServer {
    urls: string | string[];
    username?: string;
    credential?: string;
}
export interface Sender {
    readonly track: TrackLike | null;
    readonly dtmf?: {
        readonly canInsertDTMF: boolean;
        readonly toneBuffer: string;
        insertDTMF(tones: string, duration?: number, gap?: number): void;
    } | null;
    replaceTrack(track: any): Promise<void>;
    setStreams?(...streams: any[]): void;
}
export interface Transceiver {
    readonly mid: string | null;
    readonly sender: Sender;
    readonly stopped?: boolean;
    stop?(): void;
    direction: string;
}
export interface PeerConnection {
    readonly connectionState: string;
    readonly signalingState: string;
    readonly localDescription: {
        readonly type: any;
        readonly sdp: string;
    } | null;
    readonly remoteDescription: {
        readonly sdp: string;
    } | null;
    createOffer(options?: any): Promise<any>;
    createAnswer(options?: any): Promise<any>;
    setLocalDescription(description?: any): Promise<void>;
    setRemoteDescription(description: any): Promise<void>;
    addIceCandidate(candidate: any): Promise<void>;
    addTrack(track: any, ...streams: any[]): any;
    addTransceiver(kind: any, init?: any): any;
    removeTrack(sender: any): void;
    getSenders(): any[];
    getStats(): Promise<any>;
    createDataChannel?(label: string): any;
    restartIce(): void;
    close(): void;
    addEventListener?(type: any, listener: (event: any) => void): void;
}
export interface DataChannel {
    readonly readyState: string;
    send(data: string): void;
    close(): void;
    onopen: ((event: any) => void) | null;
    onmessage: ((event: any) => void) | null;
    onclose: ((event: any) => void) | null;
}
export interface MediaDevices {
    getUserMedia(constraints?: any): Promise<any>;
    getDisplayMedia?(constraints?: any): Promise<any>;
    enumerateDevices?(): Promise<any>;
    addEventListener?(type: any, listener: (event: any) => void): void;
    removeEventListener?(type: any, listener: (event: any) => void): void;
}
export interface Socket {
    readonly readyState: number;
    send(data: string): void;
    close(code?: number, reason?: string): void;
    onopen: ((event: any) => void) | null;
    onmessage: ((event: any) => void) | null;
    onclose: ((event: any) => void) | null;
    onerror: ((event: any) => void) | null;
}
export interface Storage {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
}
export interface Network {
    addEventListener(type: string, listener: () => void): void;
    removeEventListener(type: string, listener: () => void): void;
}
export interface Environment {
    fetch: (url: string, init?: RequestLike) => Promise<ResponseLike>;
    WebSocket?: new (url: string, protocols?: string | string[]) => Socket;
    RTCPeerConnection?: new (configuration?: never) => PeerConnection;
    MediaStream?: new (tracks?: never) => StreamLike;
    mediaDevices?: MediaDevices;
    storage?: Storage;
    network?: {
        online?: Network;
        connection?: Network;
    };
}
export interface RequestLike {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    signal?: AbortSignal;
    keepalive?: boolean;
    cache?: "no-store";
    credentials?: "omit";
}
export interface ResponseLike {
    readonly ok: boolean;
    readonly status: number;
    readonly headers: {
        get(name: string): string | null;
    };
    text(): Promise<string>;
}
export declare function surroundings(given?: Partial<Environment>): Environment;
