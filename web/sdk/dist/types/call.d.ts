import { type Api, type CallBody, type MessageBody, type Participant } from "./api.js";
import { Chat } from "./chat.js";
import type { Devices } from "./devices.js";
import { Emitter } from "./emitter.js";
import type { Environment, IceServer, Stream } from "./environment.js";
import { Peer } from "./peer.js";
import type { Socket } from "./socket.js";
import { type Statistics } from "./statistics.js";
import { type RemoteVideo, type VideoEvents } from "./video.js";
export type CallState = "initiated" | "ringing" | "active" | "reconnecting" | "ended" | "failed";
interface CallEvents extends VideoEvents {
    state: {
        state: CallState;
        cause: string;
    };
    stream: Stream;
    streamEnded: Stream;
    participants: Participant[];
}
export interface CallConfig {
    api: Api;
    socket: Socket;
    env: Environment;
    devices: Devices;
    id: string;
    user: () => string;
    iceServers: IceServer[];
    local: Stream;
    receiveVideo: boolean;
    patience: number;
    over(call: Call): void;
    say(to: string, body: string): Promise<MessageBody>;
    heard(message: MessageBody): void;
}
export declare const endpointOf: (target: string) => string;
export declare class Call extends Emitter<CallEvents> {
    #private;
    readonly id: string;
    local: Stream;
    state: CallState;
    cause: string;
    since: number;
    muted: boolean;
    held: boolean;
    body: CallBody | null;
    readonly streams: Stream[];
    constructor(cfg: CallConfig);
    start(): Promise<void>;
    place: string;
    get chat(): Chat;
    told(message: MessageBody): void;
    get peerConnection(): Peer["pc"];
    hangUp(options?: {
        keepalive?: boolean;
    }): Promise<void>;
    mute(on?: boolean): Promise<void>;
    unmute(): Promise<void>;
    hold(): Promise<void>;
    unhold(): Promise<void>;
    sendDigits(digits: string): Promise<void>;
    transfer(target: string): Promise<void>;
    add(...participants: string[]): Promise<void>;
    remove(participant: string): Promise<void>;
    use(kind: "microphone" | "camera"): Promise<void>;
    get camera(): Stream | null;
    startCamera(stream?: Stream): Promise<Stream>;
    stopCamera(): Promise<void>;
    shareScreen(stream?: Stream): Promise<Stream>;
    stopScreen(): Promise<void>;
    get screen(): Stream | null;
    get sharing(): boolean;
    get videos(): readonly RemoteVideo[];
    get videoAccepted(): boolean | null;
    statistics(): Promise<Statistics>;
    networkChanged(): void;
}
export {};
