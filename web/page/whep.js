// A player of WHEP (draft-ietf-wish-whep): what a place to watch sends, as one stream.

// serversIn are the ICE servers that Link headers tell of (RFC 9725 §4.6).
export function serversIn(links) {
  const servers = [];
  for (const [, urls, parameters] of (links ?? "").matchAll(/<([^>]*)>((?:\s*;\s*[\w-]+=(?:"(?:[^"\\]|\\.)*"|[^\s;,]*))*)/g)) {
    const of = Object.fromEntries([...parameters.matchAll(/([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,]*))/g)]
      .map(([, name, quoted, plain]) => [name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain]));
    if (of.rel !== "ice-server") continue;
    servers.push(of.username === undefined ? { urls } : { urls, username: of.username, credential: of.credential });
  }
  return servers;
}

// fragmentOf is what PATCH tells of a description of ours (RFC 8840): its credentials, and
// candidates of its first section.
export function fragmentOf(sdp, candidates, complete) {
  const line = (name) => sdp.match(new RegExp(`^a=${name}:.*$`, "m"))?.[0].trim();
  const lines = [
    line("group"), line("ice-options"), sdp.match(/^m=.*$/m)?.[0].trim(), line("mid"), line("ice-ufrag"), line("ice-pwd"),
    ...candidates.map((c) => `a=${c}`), complete ? "a=end-of-candidates" : undefined,
  ];
  return lines.filter((l) => l !== undefined).join("\r\n") + "\r\n";
}

// withFragment is an answer with the ICE of a fragment, that of a new generation.
export function withFragment(answer, fragment) {
  const part = (name) => fragment.match(new RegExp(`^a=${name}:.*$`, "m"))?.[0].trim();
  const candidates = fragment.match(/^a=(candidate:.*|end-of-candidates)\s*$/gm)?.map((l) => l.trim()) ?? [];
  let first = true;
  return answer.split(/\r\n/).filter((l) => !/^a=(candidate:|end-of-candidates)/.test(l)).flatMap((l) => {
    if (l.startsWith("a=ice-ufrag:")) return [part("ice-ufrag")];
    if (l.startsWith("a=ice-pwd:")) {
      const lines = [part("ice-pwd"), ...(first ? candidates : [])];
      first = false;
      return lines;
    }
    return [l];
  }).join("\r\n");
}

// Refused is an answer of the server's that is none.
export class Refused extends Error {
  constructor(response, problem) {
    super(problem?.detail ?? `${response.status} ${response.statusText}`);
    this.status = response.status;
    this.code = problem?.code ?? "";
    this.after = 1000 * Number(response.headers.get("Retry-After") ?? 0); // ms
  }
}

const patience = 3000; // ms without a path, before another is looked for
const longest = 30_000; // ms between two attempts

// pauseAfter is how long to wait, in ms, before what has failed so often is tried again; null where
// that is in vain, as the server refuses it.
export function pauseAfter(error, failures) {
  if (error.status < 500 && ![408, 429].includes(error.status)) return null;
  return Math.max(error.after || 0, Math.min(patience * 2 ** failures, longest));
}

// Player plays one place. state is told connecting, connected, interrupted and ended.
export class Player {
  #url; #token; #state; #pc; #session = ""; #tag = ""; #answer = ""; #gathered = []; #complete = false; #telling = Promise.resolve();
  #timer = 0; #later = 0; #failures = 0;

  constructor(url, { token, state = () => {} }) {
    this.#url = url;
    this.#token = token;
    this.#state = state;
    this.stream = new MediaStream();
  }

  // start begins, or throws Refused.
  async start() {
    const pc = this.#pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    for (const kind of ["audio", "video"]) pc.addTransceiver(kind, { direction: "recvonly" });
    pc.ontrack = ({ track }) => this.stream.addTrack(track);
    pc.onicecandidate = ({ candidate }) => this.#found(candidate);
    pc.onconnectionstatechange = () => this.#changed();
    this.#state("connecting");
    await pc.setLocalDescription();
    const response = await this.#ask("POST", this.#url, { "Content-Type": "application/sdp" }, pc.localDescription.sdp);
    this.#session = new URL(response.headers.get("Location"), response.url).href;
    if (this.#pc !== pc) { // stopped meanwhile
      await this.#ask("DELETE", this.#session);
      return;
    }
    this.#tag = response.headers.get("ETag") ?? "";
    this.#answer = await response.text();
    const iceServers = serversIn(response.headers.get("Link"));
    if (iceServers.length > 0) pc.setConfiguration({ ...pc.getConfiguration(), iceServers }); // for restarts
    await pc.setRemoteDescription({ type: "answer", sdp: this.#answer });
    this.#tell();
  }

  // stop ends it, also as the page goes.
  stop() {
    const pc = this.#pc;
    if (!pc) return;
    this.#pc = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#later);
    pc.close();
    if (this.#session) this.#ask("DELETE", this.#session).catch((error) => console.warn("the end:", error.message));
    this.#state("ended");
  }

  async #ask(method, url, headers = {}, body = undefined) {
    const response = await fetch(url, {
      method, body, keepalive: method === "DELETE", headers: { Authorization: `Bearer ${this.#token}`, ...headers },
    });
    if (response.ok) return response;
    throw new Refused(response, await response.json().catch(() => null));
  }

  #found(candidate) {
    if (candidate?.candidate) this.#gathered.push(candidate.candidate);
    else if (candidate === null) this.#complete = true;
    if (this.#answer) this.#tell();
  }

  // tell sends what has been found since the last time, one request at a time; what could not be
  // sent, with the next one.
  #tell() {
    clearTimeout(this.#later);
    this.#telling = this.#telling.then(async () => {
      const found = this.#gathered.splice(0);
      const complete = this.#complete;
      if (!this.#pc || found.length === 0 && !complete) return;
      const { sdp } = this.#pc.localDescription;
      this.#complete = false;
      try {
        await this.#patch(this.#tag, fragmentOf(sdp, found, complete));
      } catch (error) {
        console.warn("candidates:", error.message);
        const pause = pauseAfter(error, 0);
        if (pause === null || !this.#pc) return;
        this.#gathered.unshift(...found);
        this.#complete ||= complete;
        this.#later = setTimeout(() => this.#tell(), pause);
      }
    });
  }

  #patch(match, body) {
    return this.#ask("PATCH", this.#session, { "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": match }, body);
  }

  #changed() {
    clearTimeout(this.#timer);
    switch (this.#pc?.connectionState) {
      case "connected":
        this.#state("connected");
        break;
      case "disconnected":
      case "failed":
        this.#state("interrupted");
        this.#timer = setTimeout(() => this.#restart(), this.#pc.connectionState === "failed" ? 0 : patience);
    }
  }

  // restart looks for another path, until there is one or the server refuses to.
  #restart() {
    this.#telling = this.#telling.then(async () => {
      const pc = this.#pc;
      if (!pc) return;
      const offer = await pc.createOffer({ iceRestart: true });
      this.#gathered = []; // of the generation before
      this.#complete = false;
      await pc.setLocalDescription(offer);
      const response = await this.#patch("*", fragmentOf(offer.sdp, [], false));
      this.#tag = response.headers.get("ETag") ?? "";
      this.#answer = withFragment(this.#answer, await response.text());
      await pc.setRemoteDescription({ type: "answer", sdp: this.#answer });
      this.#timer = setTimeout(() => this.#changed(), 3 * patience);
      this.#failures = 0;
    }).then(() => this.#tell(), (error) => {
      if (!this.#pc) return;
      console.warn("another path:", error.message);
      const pause = pauseAfter(error, this.#failures++);
      if (pause !== null) {
        this.#timer = setTimeout(() => this.#restart(), pause);
        return;
      }
      if ([404, 410].includes(error.status)) this.#session = "";
      this.stop();
    });
  }
}
