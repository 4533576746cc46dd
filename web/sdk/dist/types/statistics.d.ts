import type { Source } from "./sections.js";
export interface Flow {
    kind: string;
    codec: string;
    bitrate: number;
    packets: number;
    lost: number;
    jitter: number;
    frames?: number;
    total?: number;
    frozen?: number;
    width?: number;
    height?: number;
    layer?: string;
    source?: Source;
    level?: number;
}
export interface Statistics {
    sent: Flow[];
    received: Flow[];
    roundTrip: number;
    localCandidate: string;
    remoteCandidate: string;
    protocol: string;
}
interface Report {
    id: string;
    type: string;
    timestamp: number;
    [member: string]: unknown;
}
export declare class Meter {
    #private;
    read(reports: Iterable<Report>, sources?: ReadonlyMap<string, Source>): Statistics;
}
export {};
