import { type Api, type MessageBody } from "./api.js";
export declare class Mailbox {
    #private;
    private readonly api;
    private readonly user;
    private readonly tell;
    constructor(api: Api, user: () => string, tell: (message: MessageBody) => void);
    heard(message: MessageBody): void;
    ask(pushed: boolean): Promise<void>;
    close(): void;
    waits(): Promise<void>;
}
