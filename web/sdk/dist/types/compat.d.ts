export interface CompatOptions {
    token?: string | (() => string | null);
}
export declare function install(options?: CompatOptions): () => void;
