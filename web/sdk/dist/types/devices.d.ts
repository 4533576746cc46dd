import { Emitter } from "./emitter.js";
import type { Environment, Stream } from "./environment.js";
export interface Device {
    id: string;
    kind: "microphone" | "camera" | "speaker";
    name: string;
}
export interface Wanted {
    audio?: boolean;
    video?: boolean;
}
interface DeviceEvents {
    change: Device[];
}
interface Player {
    setSinkId?(id: string): Promise<void>;
}
export declare class Devices extends Emitter<DeviceEvents> {
    #private;
    private readonly env;
    constructor(env: Environment);
    close(): void;
    list(): Promise<Device[]>;
    chosen(kind: Device["kind"]): string;
    choose(kind: Device["kind"], id: string): Promise<void>;
    plays(element: Player): () => void;
    capture({ audio, video }?: Wanted): Promise<Stream>;
    screen(): Promise<Stream>;
}
export {};
