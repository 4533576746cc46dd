import type { MessageBody } from "./api.js";
import { Emitter } from "./emitter.js";
import type { PeerConnection } from "./environment.js";
export interface ChatConfig {
    pc: PeerConnection | null;
    place: () => string;
    otherwise: (to: string, body: string) => Promise<MessageBody>;
    heard: (message: MessageBody) => void;
}
interface ChatEvents {
    message: MessageBody;
    open: boolean;
}
export declare class Chat extends Emitter<ChatEvents> {
    #private;
    private readonly cfg;
    constructor(cfg: ChatConfig);
    get open(): boolean;
    send(body: string): Promise<MessageBody>;
    tell(message: MessageBody): void;
    close(): void;
}
export {};
