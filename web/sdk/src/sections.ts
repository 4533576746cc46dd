// What of a session description has to be read or said besides what browsers do (RFC 8866).

import type { TrackLike } from "./environment.js";

// marked says of the section with a mid that it shows a screen (a=content, RFC 4796), which
// browsers have no way to say.
export function marked(sdp: string, mid: string | null): string {
  if (mid === null) return sdp;
  const line = `a=mid:${mid}`;
  return sdp.split(/^(?=m=)/m).map((section) =>
    (section.split(/\r\n|\n/).includes(line) ? `${section.replace(/\s*$/, "")}\r\na=content:slides\r\n` : section)).join("");
}

const sections = (sdp: string): string[] => sdp.split(/^(?=m=)/m).slice(1);

// taken tells whether an answer takes the section with a mid: its port is 0 where not (RFC 3264 §6).
export function taken(sdp: string, mid: string): boolean {
  const own = sections(sdp).find((s) => s.split(/\r\n|\n/).includes(`a=mid:${mid}`));
  return own !== undefined && !/^m=\S+ 0 /.test(own);
}

// videosTaken tells, for each section of video, whether an answer takes it.
export function videosTaken(sdp: string): boolean[] {
  return sections(sdp).filter((s) => s.startsWith("m=video")).map((s) => !s.startsWith("m=video 0 "));
}

// layersOf are the sizes that a camera of so many lines is sent in, the smallest first, as
// browsers want them; of a small picture there is one alone.
export function layersOf(track: TrackLike): { rid: string; scaleResolutionDownBy?: number; maxBitrate: number }[] {
  const { height = 0 } = (track as { getSettings?(): { height?: number } }).getSettings?.() ?? {};
  const all = [
    { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
    { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
    { rid: "f", maxBitrate: 1_700_000 },
  ];
  return height >= 540 ? all : height >= 270 ? all.slice(1) : [];
}

// Source is whose video a stream shows.
export interface Source {
  participant: string; // the id that they have in the call, or room
  kind: "camera" | "screen";
}

// sourceOf is what the name of a stream says, or null where it is none of the server's videos.
export function sourceOf(stream: string): Source | null {
  const found = /^(.+):(camera|screen)$/.exec(stream);
  return found ? { participant: found[1]!, kind: found[2] as Source["kind"] } : null;
}
