// What of a session description has to be read or said besides what browsers do (RFC 8866).

// marked says of the section with a mid that it shows a screen (a=content, RFC 4796), which
// browsers have no way to say.
export function marked(sdp: string, mid: string | null): string {
  if (mid === null) return sdp;
  const line = `a=mid:${mid}`;
  return sdp.split(/^(?=m=)/m).map((section) =>
    (section.split(/\r\n|\n/).includes(line) ? `${section.replace(/\s*$/, "")}\r\na=content:slides\r\n` : section)).join("");
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
