"use strict";
(() => {
  // src/compat-link.ts
  var patience = 1e4;
  var Link = class {
    constructor(fetch, base, id, headers) {
      this.fetch = fetch;
      this.base = base;
      this.id = id;
      this.headers = new Headers({ "Content-Type": "application/json" });
      for (const name of ["Authorization", "X-API-Key"]) {
        const value = headers.get(name);
        if (value) this.headers.set(name, value);
      }
    }
    taken = false;
    // a connection of the page belongs to it
    iceServers = [];
    headers;
    #stop = new AbortController();
    #following = false;
    #url(query = "") {
      return `${this.base}/calls/${encodeURIComponent(this.id)}/signaling${query}`;
    }
    // send gives the server a message and takes what it keeps of it.
    async send(type, payload, keepalive = false) {
      const { fetch } = this;
      const body = JSON.stringify({ to_user: "server", message_type: type, payload });
      const response = await fetch(this.#url(), { method: "POST", headers: this.headers, body, keepalive });
      if (!response.ok) throw new Error(`${type}: the server answered ${response.status}`);
      return response.json();
    }
    // leave hangs up, once.
    leave() {
      if (this.#stop.signal.aborted) return;
      this.#stop.abort();
      this.send("hangup", {}, true).catch(() => void 0);
    }
    // follow takes the server's messages for as long as the call lives; once is enough.
    async follow(takes) {
      if (this.#following) return;
      this.#following = true;
      const { fetch } = this;
      const { signal } = this.#stop;
      for (let after = 0, failures = 0; !signal.aborted; ) {
        try {
          const response = await fetch(this.#url(`?after=${after}&wait=25`), { headers: this.headers, signal });
          if ([401, 403, 404, 409, 410].includes(response.status)) break;
          if (!response.ok) throw new Error(`the server answered ${response.status}`);
          const { items } = await response.json();
          failures = 0;
          for (const message of items) {
            after = Math.max(after, message.seq);
            if (await this.#take(takes, message)) return;
          }
        } catch {
          if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** failures++, patience)));
        }
      }
      if (!signal.aborted) this.#over(takes);
    }
    #over(takes) {
      this.#stop.abort();
      takes.over();
    }
    // take acts upon one message, and tells whether it was the last.
    async #take(takes, message) {
      const { message_type: type, payload } = message;
      try {
        switch (type) {
          case "offer":
            if (payload?.sdp) await takes.offer({ type, sdp: payload.sdp });
            break;
          case "ice_candidate": {
            const candidate = candidateIn(payload);
            if (candidate) await takes.candidate(candidate);
            break;
          }
          case "hangup":
            this.#over(takes);
            return true;
        }
      } catch (error) {
        console.warn(`skybridge compat: message ${type}:`, error);
      }
      return false;
    }
  };
  function answerIn(message) {
    const payload = message?.reply?.payload;
    return typeof payload?.sdp === "string" ? { type: "answer", sdp: payload.sdp } : null;
  }
  function candidateIn(payload) {
    const outer = payload;
    const inner = typeof outer?.candidate === "object" ? outer.candidate : outer;
    return inner?.candidate ? inner : null;
  }

  // src/compat.ts
  var callsPath = /^(.*\/api\/v1\/voip)\/calls\/?$/;
  var signalingPath = /^(.*\/api\/v1\/voip)\/calls\/([^/]+)\/signaling\/?$/;
  var Side = class {
    // candidates of the server before its answer
    constructor(pc) {
      this.pc = pc;
    }
    link = null;
    pageOffers = false;
    // the page makes its offers itself
    pageListens = /* @__PURE__ */ new Set();
    // events that the page has listeners for
    answer = "";
    // the last answer that was set here, not by the page
    early = [];
  };
  function install(options = {}) {
    const page = globalThis;
    const plainFetch = page.fetch;
    const Plain = page.RTCPeerConnection;
    const setLocal = Plain.prototype.setLocalDescription;
    const setRemote = Plain.prototype.setRemoteDescription;
    const sides = /* @__PURE__ */ new Map();
    const links = /* @__PURE__ */ new Map();
    let latest = null;
    const token = () => {
      if (typeof options.token === "function") return options.token();
      return options.token ?? page.localStorage?.getItem("sge_jwt_token") ?? null;
    };
    const known = (base, id, headers) => {
      let link = links.get(id);
      if (!link) {
        link = new Link(plainFetch, base, id, headers);
        links.set(id, link);
      }
      return link;
    };
    const reads = (response, link) => {
      const json = response.json.bind(response);
      response.json = async () => {
        const value = await json();
        latest = link;
        return value;
      };
    };
    const created = async (response, base, headers) => {
      const call = await response.clone().json();
      if (!isCall(call)) return;
      const link = known(base, call.id, headers);
      link.iceServers = (call.ice_servers ?? []).filter((s) => s.urls?.length);
      latest = link;
      reads(response, link);
    };
    const offered = async (response, base, id, headers, body) => {
      const sent = JSON.parse(body);
      if (!isOffer(sent)) return;
      const answer = answerIn(await response.clone().json());
      const side = [...sides.values()].find((s) => origin(s.pc.localDescription?.sdp) === origin(sent.payload.sdp));
      if (!answer || !side) return;
      attach(side, known(base, id, headers));
      await answered(side, answer);
      follow(side, known(base, id, headers));
    };
    page.fetch = async (input, init) => {
      const request = input instanceof Request ? input : null;
      const method = (init?.method ?? request?.method ?? "GET").toUpperCase();
      const url = new URL(request?.url ?? String(input), page.location?.href);
      const call = method === "POST" ? callsPath.exec(url.pathname) : null;
      const message = method === "POST" ? signalingPath.exec(url.pathname) : null;
      if (!call && !message) return plainFetch(input, init);
      const headers = new Headers(init?.headers ?? request?.headers);
      const body = message ? typeof init?.body === "string" ? init.body : await request?.clone().text() ?? "" : "";
      const response = await plainFetch(input, init);
      if (response.status !== 201) return response;
      try {
        if (call) await created(response, url.origin + call[1], headers);
        if (message) await offered(response, url.origin + message[1], message[2], headers, body);
      } catch (error) {
        report("an answer of the server is not understood", error);
      }
      return response;
    };
    const attach = (side, link) => {
      if (side.link) return;
      side.link = link;
      link.taken = true;
    };
    const follow = (side, link) => {
      void link.follow({
        offer: async (offer2) => {
          await setRemote.call(side.pc, offer2);
          await setLocal.call(side.pc);
          await link.send("answer", side.pc.localDescription);
        },
        candidate: async (candidate) => {
          if (side.pc.remoteDescription) await side.pc.addIceCandidate(candidate);
          else side.early.push(candidate);
        },
        over: () => side.pc.close()
      });
    };
    const answered = async (side, answer) => {
      if (side.pc.signalingState !== "have-local-offer") return;
      side.answer = answer.sdp ?? "";
      await setRemote.call(side.pc, answer);
      for (const candidate of side.early.splice(0)) await side.pc.addIceCandidate(candidate);
    };
    const offer = async (side) => {
      const { link, pc } = side;
      if (!link || pc.signalingState !== "stable") return;
      await setLocal.call(pc);
      const answer = answerIn(await link.send("offer", pc.localDescription));
      if (answer) await answered(side, answer);
      follow(side, link);
    };
    const needed = (side) => {
      setTimeout(() => {
        if (side.pageOffers || side.pc.signalingState === "closed") return;
        if (!side.link && latest && !latest.taken) attach(side, latest);
        offer(side).catch((error) => report("the call is not connected", error));
      });
    };
    const found = (side, candidate) => {
      if (!candidate || !side.link || side.pc.onicecandidate || side.pageListens.has("icecandidate")) return;
      side.link.send("ice_candidate", candidate).catch((error) => report("a candidate is not sent", error));
    };
    const heard = ({ track, streams }, side) => {
      setTimeout(() => {
        if (!side.link || side.pc.ontrack || side.pageListens.has("track")) return;
        const element = document.getElementById(`remote-${track.kind}`);
        const player = element instanceof HTMLMediaElement ? element : new Audio();
        player.srcObject = streams[0] ?? new MediaStream([track]);
        player.play().catch((error) => report("the browser does not play the call", error));
      });
    };
    class Bridged extends Plain {
      constructor(configuration) {
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
      addEventListener(type, ...rest) {
        sides.get(this)?.pageListens.add(type);
        super.addEventListener(type, rest[0], rest[1]);
      }
      createOffer(options2) {
        sides.get(this).pageOffers = true;
        return super.createOffer(options2);
      }
      async setLocalDescription(description) {
        if (description?.type !== "answer") sides.get(this).pageOffers ||= this.signalingState !== "have-remote-offer";
        await super.setLocalDescription(description);
      }
      async setRemoteDescription(description) {
        if (description.type === "answer" && description.sdp === sides.get(this)?.answer) return;
        await super.setRemoteDescription(description);
      }
      // Closing the connection is how a page leaves its call: the examples have no other way.
      close() {
        const side = sides.get(this);
        sides.delete(this);
        super.close();
        side?.link?.leave();
      }
    }
    page.RTCPeerConnection = Bridged;
    const missing = {
      jwtToken: token,
      callId: () => latest?.id,
      rtcConfiguration: () => ({ iceServers: latest?.iceServers ?? [] }),
      sendSignalingMessage: () => async (id, type, payload) => {
        const link = links.get(id);
        if (!link) throw new Error(`sendSignalingMessage: no call ${id} was made on this page`);
        const body = JSON.stringify({ to_user: "server", message_type: type, payload });
        const response = await page.fetch(`${link.base}/calls/${id}/signaling`, { method: "POST", headers: link.headers, body });
        if (!response.ok) throw new Error(`signaling: the server answered ${response.status}`);
        return response.json();
      }
    };
    const defined = [];
    for (const [name, get] of Object.entries(missing)) {
      if (name in page) continue;
      const set = (value) => {
        Object.defineProperty(page, name, { value, writable: true, configurable: true, enumerable: true });
      };
      Object.defineProperty(page, name, { get, set, configurable: true, enumerable: false });
      defined.push(name);
    }
    const goes = () => {
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
  function report(what, error) {
    console.error(`skybridge compat: ${what}:`, error instanceof Error ? error.message : error);
  }
  function origin(sdp = "") {
    return /^o=.*$/m.exec(sdp)?.[0].trim();
  }
  function isCall(value) {
    return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string";
  }
  function isOffer(value) {
    const message = value;
    return message?.message_type === "offer" && typeof message.payload?.sdp === "string";
  }

  // src/compat-script.ts
  install();
})();
