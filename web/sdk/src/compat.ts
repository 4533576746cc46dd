// compat lets a page connect that was written after the documents of the Sky Genesis
// API and keeps to their examples: it creates a call with fetch, makes an
// RTCPeerConnection, adds tracks, and leaves out what is between (an offer, the answer,
// the server's candidates) or uses names that the examples never define.
//
// install wraps fetch and RTCPeerConnection of the page, and defines the missing names.
// Connections that have nothing to do with a call of the API stay as they are.

import { Link, answerIn } from "./compat-link.js";

// CompatOptions are what install can be told.
export interface CompatOptions {
  // token is what jwtToken is; else localStorage's sge_jwt_token, where the examples keep it.
  token?: string | (() => string | null);
}

const callsPath = /^(.*\/api\/v1\/voip)\/calls\/?$/;
const signalingPath = /^(.*\/api\/v1\/voip)\/calls\/([^/]+)\/signaling\/?$/;

// Side is what is known of one RTCPeerConnection of the page.
class Side {
  link: Link | null = null;
  pageOffers = false; // the page makes its offers itself
  pageListens = new Set<string>(); // events that the page has listeners for
  answer = ""; // the last answer that was set here, not by the page
  early: RTCIceCandidateInit[] = []; // candidates of the server before its answer
  constructor(readonly pc: RTCPeerConnection) {}
}

// install prepares the page, and gives what takes it back.
export function install(options: CompatOptions = {}): () => void {
  const page = globalThis as typeof globalThis & Record<string, unknown>;
  const plainFetch = page.fetch;
  const Plain = page.RTCPeerConnection;
  // The browser's own methods, for what is not the page's doing.
  const setLocal = Plain.prototype.setLocalDescription as (this: RTCPeerConnection, d?: RTCLocalSessionDescriptionInit) => Promise<void>;
  const setRemote = Plain.prototype.setRemoteDescription as (this: RTCPeerConnection, d: RTCSessionDescriptionInit) => Promise<void>;
  const sides = new Map<RTCPeerConnection, Side>();
  const links = new Map<string, Link>();
  let latest: Link | null = null; // the call that the page learnt of last

  const token = (): string | null => {
    if (typeof options.token === "function") return options.token();
    return options.token ?? page.localStorage?.getItem("sge_jwt_token") ?? null;
  };

  // ---- what the page asks of the API

  const known = (base: string, id: string, headers: Headers): Link => {
    let link = links.get(id);
    if (!link) {
      link = new Link(plainFetch, base, id, headers);
      links.set(id, link);
    }
    return link;
  };

  // reads makes the moment in which the page learns of its call ours as well: of several
  // that are made at once, the connection that comes next belongs to this one.
  const reads = (response: Response, link: Link): void => {
    const json = response.json.bind(response);
    response.json = async () => {
      const value: unknown = await json();
      latest = link;
      return value;
    };
  };

  const created = async (response: Response, base: string, headers: Headers): Promise<void> => {
    const call: unknown = await response.clone().json();
    if (!isCall(call)) return;
    const link = known(base, call.id, headers);
    link.iceServers = (call.ice_servers ?? []).filter((s) => s.urls?.length);
    latest = link;
    reads(response, link);
  };

  const offered = async (response: Response, base: string, id: string, headers: Headers, body: string): Promise<void> => {
    const sent: unknown = JSON.parse(body);
    if (!isOffer(sent)) return;
    const answer = answerIn(await response.clone().json());
    const side = [...sides.values()].find((s) => origin(s.pc.localDescription?.sdp) === origin(sent.payload.sdp));
    if (!answer || !side) return;
    attach(side, known(base, id, headers));
    await answered(side, answer);
    follow(side, known(base, id, headers));
  };

  page.fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = input instanceof Request ? input : null;
    const method = (init?.method ?? request?.method ?? "GET").toUpperCase();
    const url = new URL(request?.url ?? String(input), page.location?.href);
    const call = method === "POST" ? callsPath.exec(url.pathname) : null;
    const message = method === "POST" ? signalingPath.exec(url.pathname) : null;
    if (!call && !message) return plainFetch(input, init);
    const headers = new Headers(init?.headers ?? request?.headers);
    const body = message ? (typeof init?.body === "string" ? init.body : await request?.clone().text() ?? "") : "";
    const response = await plainFetch(input, init);
    if (response.status !== 201) return response;
    try {
      if (call) await created(response, url.origin + call[1], headers);
      if (message) await offered(response, url.origin + message[1], message[2]!, headers, body);
    } catch (error) {
      report("an answer of the server is not understood", error);
    }
    return response;
  };

  // ---- the page's connections

  const attach = (side: Side, link: Link): void => {
    if (side.link) return;
    side.link = link;
    link.taken = true;
  };

  // follow begins once an offer is with the server: to those who ask for its messages and
  // offer nothing it makes an offer of its own.
  const follow = (side: Side, link: Link): void => {
    void link.follow({
      offer: async (offer) => {
        await setRemote.call(side.pc, offer);
        await setLocal.call(side.pc);
        await link.send("answer", side.pc.localDescription);
      },
      candidate: async (candidate) => {
        if (side.pc.remoteDescription) await side.pc.addIceCandidate(candidate);
        else side.early.push(candidate);
      },
      over: () => side.pc.close(),
    });
  };

  const answered = async (side: Side, answer: RTCSessionDescriptionInit): Promise<void> => {
    if (side.pc.signalingState !== "have-local-offer") return;
    side.answer = answer.sdp ?? "";
    await setRemote.call(side.pc, answer);
    for (const candidate of side.early.splice(0)) await side.pc.addIceCandidate(candidate);
  };

  // offer is for pages that add tracks and wait.
  const offer = async (side: Side): Promise<void> => {
    const { link, pc } = side;
    if (!link || pc.signalingState !== "stable") return;
    await setLocal.call(pc);
    const answer = answerIn(await link.send("offer", pc.localDescription));
    if (answer) await answered(side, answer);
    follow(side, link);
  };

  const needed = (side: Side): void => {
    // The page may be about to make its own offer: it has this turn of the event loop.
    setTimeout(() => {
      if (side.pageOffers || side.pc.signalingState === "closed") return;
      if (!side.link && latest && !latest.taken) attach(side, latest);
      offer(side).catch((error: unknown) => report("the call is not connected", error));
    });
  };

  const found = (side: Side, candidate: RTCIceCandidate | null): void => {
    if (!candidate || !side.link || side.pc.onicecandidate || side.pageListens.has("icecandidate")) return;
    side.link.send("ice_candidate", candidate).catch((error: unknown) => report("a candidate is not sent", error));
  };

  // heard plays what comes where the page does nothing with it.
  const heard = ({ track, streams }: RTCTrackEvent, side: Side): void => {
    setTimeout(() => {
      if (!side.link || side.pc.ontrack || side.pageListens.has("track")) return;
      const element = document.getElementById(`remote-${track.kind}`);
      const player = element instanceof HTMLMediaElement ? element : new Audio();
      player.srcObject = streams[0] ?? new MediaStream([track]);
      player.play().catch((error: unknown) => report("the browser does not play the call", error));
    });
  };

  class Bridged extends Plain {
    constructor(configuration?: RTCConfiguration) {
      const link = latest && !latest.taken ? latest : null;
      super(link ? { ...configuration, iceServers: [...configuration?.iceServers ?? [], ...link.iceServers] } : configuration);
      const side = new Side(this);
      super.addEventListener("negotiationneeded", () => needed(side));
      super.addEventListener("icecandidate", ({ candidate }) => found(side, candidate));
      super.addEventListener("track", (event) => heard(event, side));
      super.addEventListener("connectionstatechange", () => {
        if (this.connectionState === "failed" && side.link && !side.pageOffers) this.restartIce();
      });
      sides.set(this, side);
      if (link) attach(side, link);
    }

    override addEventListener(type: string, ...rest: [EventListenerOrEventListenerObject | null, (boolean | AddEventListenerOptions)?]): void {
      sides.get(this)?.pageListens.add(type);
      super.addEventListener(type, rest[0] as EventListener, rest[1]);
    }

    override createOffer(options?: unknown): Promise<never> {
      sides.get(this)!.pageOffers = true;
      return super.createOffer(options as RTCOfferOptions) as Promise<never>;
    }

    override async setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
      if (description?.type !== "answer") sides.get(this)!.pageOffers ||= this.signalingState !== "have-remote-offer";
      await super.setLocalDescription(description);
    }

    override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      // A page that takes the answer itself finds that it is there.
      if (description.type === "answer" && description.sdp === sides.get(this)?.answer) return;
      await super.setRemoteDescription(description);
    }

    // Closing the connection is how a page leaves its call: the examples have no other way.
    override close(): void {
      const side = sides.get(this);
      sides.delete(this);
      super.close();
      side?.link?.leave();
    }
  }
  page.RTCPeerConnection = Bridged as typeof RTCPeerConnection;

  // ---- the names that the examples use and do not define

  const missing: Record<string, () => unknown> = {
    jwtToken: token,
    callId: () => latest?.id,
    rtcConfiguration: () => ({ iceServers: latest?.iceServers ?? [] }),
    sendSignalingMessage: () => async (id: string, type: string, payload: unknown): Promise<unknown> => {
      const link = links.get(id);
      if (!link) throw new Error(`sendSignalingMessage: no call ${id} was made on this page`);
      const body = JSON.stringify({ to_user: "server", message_type: type, payload });
      const response = await page.fetch(`${link.base}/calls/${id}/signaling`, { method: "POST", headers: link.headers, body });
      if (!response.ok) throw new Error(`signaling: the server answered ${response.status}`);
      return response.json();
    },
  };
  const defined: string[] = [];
  for (const [name, get] of Object.entries(missing)) {
    if (name in page) continue;
    // The page's own const of the name hides it, and an assignment replaces it.
    const set = (value: unknown): void => {
      Object.defineProperty(page, name, { value, writable: true, configurable: true, enumerable: true });
    };
    Object.defineProperty(page, name, { get, set, configurable: true, enumerable: false });
    defined.push(name);
  }

  const goes = (): void => {
    for (const side of sides.values()) side.link?.leave();
  };
  page.addEventListener?.("pagehide", goes);
  return () => {
    page.fetch = plainFetch;
    page.RTCPeerConnection = Plain;
    for (const name of defined) delete page[name];
    page.removeEventListener?.("pagehide", goes);
  };
}

function report(what: string, error: unknown): void {
  console.error(`skybridge compat: ${what}:`, error instanceof Error ? error.message : error);
}

// origin is the line by which a description is known (RFC 8866 §5.2): the browser has added
// candidates to the text meanwhile.
function origin(sdp = ""): string | undefined {
  return /^o=.*$/m.exec(sdp)?.[0].trim();
}

function isCall(value: unknown): value is { id: string; ice_servers?: RTCIceServer[] } {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string";
}

function isOffer(value: unknown): value is { payload: { sdp: string } } {
  const message = value as { message_type?: unknown; payload?: { sdp?: unknown } } | null;
  return message?.message_type === "offer" && typeof message.payload?.sdp === "string";
}
