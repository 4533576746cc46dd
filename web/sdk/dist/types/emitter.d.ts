export declare class Emitter<Events extends object> {
    #private;
    on<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): () => void;
    once<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): () => void;
    off<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): void;
    next<K extends keyof Events>(event: K): Promise<Events[K]>;
    protected listened(event: keyof Events): boolean;
    protected emit<K extends keyof Events>(event: K, detail: Events[K]): void;
}
export declare function pause(ms: number, signal?: AbortSignal): Promise<void>;
