import { Api, type CallBody, type ChangeRoom, type CreateRoom, type Credentials, type JoinRoom, type MessageBody, type RoomBody } from "./api.js";
import { Call } from "./call.js";
import { Devices, type Wanted } from "./devices.js";
import { Emitter } from "./emitter.js";
import { type Environment, type Stream } from "./environment.js";
import { Room } from "./room.js";
import { type Frame } from "./socket.js";
export interface ClientOptions {
    url?: string;
    token: Credentials;
    environment?: Partial<Environment>;
    patience?: number;
}
export interface CallOptions extends Wanted {
    local?: Stream;
    receiveVideo?: boolean;
    metadata?: Record<string, unknown>;
    callerId?: string;
    timeout?: number;
}
export interface Presence {
    user_id: string;
    status: string;
    status_message?: string;
}
export type Message = MessageBody;
interface ClientEvents {
    incoming: Incoming;
    incomingEnded: Incoming;
    presence: Presence;
    message: Message;
    connection: {
        pushed: boolean;
        reason: string;
    };
    frame: Frame;
}
export interface Incoming {
    readonly id: string;
    readonly body: CallBody;
    readonly caller: string;
    accept(options?: CallOptions): Promise<Call>;
    decline(): Promise<void>;
}
export declare class Client extends Emitter<ClientEvents> {
    #private;
    readonly api: Api;
    readonly devices: Devices;
    readonly calls: Map<string, Call>;
    user: string;
    constructor(options: ClientOptions);
    connect(): Promise<void>;
    close(): void;
    get pushed(): boolean;
    readonly networkChanged: () => void;
    call(target: string | string[], options?: CallOptions): Promise<Call>;
    get incoming(): Incoming[];
    list(): Promise<CallBody[]>;
    resume(options?: CallOptions): Promise<Call | null>;
    readonly rooms: {
        list: () => Promise<RoomBody[]>;
        get: (id: string) => Promise<RoomBody>;
        create: (room: CreateRoom) => Promise<RoomBody>;
        change: (id: string, room: ChangeRoom) => Promise<RoomBody>;
        remove: (id: string) => Promise<void>;
        join: (id: string, options?: CallOptions & Pick<JoinRoom, "pin" | "role">) => Promise<Room>;
    };
    setPresence(status: string, message?: string): Promise<void>;
    watchPresence(user: string): () => void;
    sendMessage(to: string, body: string): Promise<Message>;
    messages(of?: {
        with?: string;
        room?: string;
        limit?: number;
    }): Promise<Message[]>;
}
export declare function connect(options: ClientOptions): Promise<Client>;
export {};
