import type { Api, JoinBody, MessageBody, Role, RoomBody } from "./api.js";
import type { Call } from "./call.js";
import { Emitter } from "./emitter.js";
import type { Frame, Socket } from "./socket.js";
export type RoomParticipant = NonNullable<RoomBody["participants"]>[number];
interface RoomEvents {
    participants: RoomParticipant[];
    event: Frame;
    ended: {
        cause: string;
    };
}
export declare class Room extends Emitter<RoomEvents> {
    #private;
    private readonly api;
    private readonly socket;
    readonly call: Call;
    readonly id: string;
    readonly participantId: string;
    role: string;
    body: RoomBody | null;
    constructor(api: Api, socket: Socket, call: Call, joined: JoinBody);
    send(body: string): Promise<MessageBody>;
    get participants(): RoomParticipant[];
    refresh(): Promise<void>;
    leave(): Promise<void>;
    invite(endpoint: string): Promise<void>;
    muteParticipant(id: string): Promise<void>;
    unmuteParticipant(id: string): Promise<void>;
    kick(id: string): Promise<void>;
    setRole(id: string, role: Role): Promise<void>;
    lock(): Promise<void>;
    unlock(): Promise<void>;
    record(): Promise<void>;
    stopRecording(): Promise<void>;
}
export {};
