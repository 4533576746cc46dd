// What the SDK needs of the world: a browser has all of it; Node and React Native are
// given what they lack. The interfaces are as small as what is used, so that other
// implementations than a browser's fit.

// Track and Stream are a browser's where its types are known, else the least of them.
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
export type Stream = typeof globalThis extends { MediaStream: { prototype: infer S extends StreamLike } } ? S : StreamLike;
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

// Sender is one track that is sent.
export interface Sender {
  readonly track: TrackLike | null;
  readonly dtmf?: { readonly canInsertDTMF: boolean; readonly toneBuffer: string; insertDTMF(tones: string, duration?: number, gap?: number): void } | null;
  /* eslint-disable @typescript-eslint/no-explicit-any */
  replaceTrack(track: any): Promise<void>;
  setStreams?(...streams: any[]): void;
  /* eslint-enable @typescript-eslint/no-explicit-any */
}

// Transceiver is a section of what is agreed on.
export interface Transceiver {
  readonly mid: string | null;
  readonly sender: Sender;
  readonly stopped?: boolean;
  stop?(): void;
  direction: string;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- what other implementations declare differs, and only in their own types */
export interface PeerConnection {
  readonly connectionState: string;
  readonly signalingState: string;
  readonly localDescription: { readonly type: any; readonly sdp: string } | null;
  readonly remoteDescription: { readonly sdp: string } | null;
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
  // It is there; react-native-webrtc's own types have lost it.
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
/* eslint-enable @typescript-eslint/no-explicit-any */

// Storage keeps what a page that is loaded again goes on with; a browser's sessionStorage.
export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

// Network tells that the way to the server may have changed; a browser's window, and its
// navigator.connection.
export interface Network {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

// Environment is what can be given; the rest is globalThis's.
export interface Environment {
  fetch: (url: string, init?: RequestLike) => Promise<ResponseLike>;
  WebSocket?: new (url: string, protocols?: string | string[]) => Socket;
  RTCPeerConnection?: new (configuration?: never) => PeerConnection;
  MediaStream?: new (tracks?: never) => StreamLike;
  mediaDevices?: MediaDevices;
  storage?: Storage;
  network?: { online?: Network; connection?: Network };
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
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

// surroundings completes what is given with what is there.
export function surroundings(given: Partial<Environment> = {}): Environment {
  const here = globalThis as unknown as Partial<Environment> & {
    sessionStorage?: Storage;
    navigator?: { mediaDevices?: MediaDevices; connection?: Network };
    addEventListener?: Network["addEventListener"];
  };
  const fetch = given.fetch ?? here.fetch;
  if (!fetch) throw new Error("skybridge: there is no fetch here; give one");
  return {
    fetch: (url, init) => fetch(url, init), // a browser's fetch wants no other this
    WebSocket: "WebSocket" in given ? given.WebSocket : here.WebSocket,
    RTCPeerConnection: given.RTCPeerConnection ?? here.RTCPeerConnection,
    MediaStream: given.MediaStream ?? here.MediaStream,
    mediaDevices: given.mediaDevices ?? here.navigator?.mediaDevices,
    storage: given.storage ?? stored(() => here.sessionStorage),
    network: given.network ?? {
      online: here.addEventListener ? (here as unknown as Network) : undefined,
      connection: here.navigator?.connection,
    },
  };
}

// stored is a browser's storage, which pages of some kinds may not touch.
function stored(get: () => Storage | undefined): Storage | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
