// What a call's connection says of itself, in few numbers.

import type { Source } from "./sections.js";

// Flow is one direction of one kind of media since the last look.
export interface Flow {
  kind: string; // audio or video
  codec: string;
  bitrate: number; // bit/s
  packets: number; // in all
  lost: number; // in all; of what we send, as the server reports
  jitter: number; // ms
  // Of video: frames per second, frames in all that were decoded or encoded, and for how long
  // what is shown has stood still, in all, in ms.
  frames?: number;
  total?: number;
  frozen?: number;
  width?: number;
  height?: number;
  layer?: string; // of a camera that is sent in several sizes: q, h, f
  source?: Source; // whose video it is, of what is received
  level?: number; // of audio, 0 to 1
}

export interface Statistics {
  sent: Flow[];
  received: Flow[];
  roundTrip: number; // ms; 0 while it is unknown
  localCandidate: string; // host, srflx, prflx or relay
  remoteCandidate: string;
  protocol: string; // udp or tcp
}

interface Report {
  id: string;
  type: string;
  timestamp: number;
  [member: string]: unknown;
}

// Meter turns reports into statistics; it remembers the last look for rates.
export class Meter {
  #last = new Map<string, { bytes: number; at: number }>();

  // read makes them; sources are whose video each track is.
  read(reports: Iterable<Report>, sources: ReadonlyMap<string, Source> = new Map()): Statistics {
    const all = new Map<string, Report>();
    for (const report of reports) all.set(report.id, report);
    const out: Statistics = { sent: [], received: [], roundTrip: 0, localCandidate: "", remoteCandidate: "", protocol: "" };
    for (const report of all.values()) {
      if (report.type === "inbound-rtp") {
        const flow = this.#flow(report, all, number(report.bytesReceived));
        const source = sources.get(text(report.trackIdentifier));
        out.received.push(source ? { ...flow, source } : flow);
      }
      if (report.type === "outbound-rtp") out.sent.push(this.#flow(report, all, number(report.bytesSent)));
      if (report.type === "candidate-pair" && this.#used(report, all)) {
        const local = all.get(String(report.localCandidateId));
        out.roundTrip = 1000 * number(report.currentRoundTripTime);
        out.localCandidate = text(local?.candidateType);
        out.remoteCandidate = text(all.get(String(report.remoteCandidateId))?.candidateType);
        out.protocol = text(local?.protocol);
      }
    }
    return out;
  }

  #used(pair: Report, all: Map<string, Report>): boolean {
    for (const report of all.values()) {
      if (report.type === "transport" && report.selectedCandidatePairId) return report.selectedCandidatePairId === pair.id;
    }
    return pair.nominated === true && pair.state === "succeeded";
  }

  #flow(report: Report, all: Map<string, Report>, bytes: number): Flow {
    const before = this.#last.get(report.id);
    this.#last.set(report.id, { bytes, at: report.timestamp });
    const passed = before ? (report.timestamp - before.at) / 1000 : 0;
    // Of what we send, the other end reports the losses.
    const remote = all.get(String(report.remoteId));
    const seen = report.type === "outbound-rtp" ? remote : report;
    const flow: Flow = {
      kind: text(report.kind),
      codec: text(all.get(String(report.codecId))?.mimeType),
      bitrate: before && passed > 0 ? 8 * (bytes - before.bytes) / passed : 0,
      packets: number(report.packetsReceived ?? report.packetsSent),
      lost: number(seen?.packetsLost),
      jitter: 1000 * number(seen?.jitter),
    };
    if (report.framesPerSecond !== undefined) flow.frames = number(report.framesPerSecond);
    const total = report.framesDecoded ?? report.framesEncoded;
    if (total !== undefined) flow.total = number(total);
    if (report.totalFreezesDuration !== undefined) flow.frozen = 1000 * number(report.totalFreezesDuration);
    if (report.rid !== undefined) flow.layer = text(report.rid);
    if (report.frameWidth !== undefined) flow.width = number(report.frameWidth);
    if (report.frameHeight !== undefined) flow.height = number(report.frameHeight);
    if (report.audioLevel !== undefined) flow.level = number(report.audioLevel);
    return flow;
  }
}

const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
