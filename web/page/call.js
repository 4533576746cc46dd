// One call of this browser: its peer connection, the signaling with the server, and
// the call's state.

import { ApiError } from "./api.js";
import { answerIn, candidateIn } from "./model.js";

const pause = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});

// gone are the answers that say that the call is no more.
const gone = (error) => error instanceof ApiError && [404, 409, 410].includes(error.status);

// Call tells its listeners "state" (detail: {state, cause}) and "stream" (detail: the
// remote MediaStream). "ended" and "failed" are the last states.
export class Call extends EventTarget {
  #api;
  #stop = new AbortController();
  #pc;
  #held = [];   // candidates of ours until the offer is with the server
  #early = [];  // candidates of the server's until its answer is here
  #offered = false; // an offer of ours waits for its answer
  #restarted = false;

  constructor(api, id, name, microphone, iceServers) {
    super();
    this.#api = api;
    this.id = id;
    this.name = name;
    this.state = "initiated";
    this.since = 0; // ms since the epoch when it became active
    this.microphone = microphone;
    this.#pc = new RTCPeerConnection({ iceServers: (iceServers ?? []).filter((s) => s.urls?.length) });
    this.#pc.onicecandidate = ({ candidate }) => this.#found(candidate);
    this.#pc.onconnectionstatechange = () => this.#connection();
    this.#pc.ontrack = ({ track, streams }) => {
      this.#tell("stream", streams[0] ?? new MediaStream([track]));
    };
    for (const track of microphone.getAudioTracks()) this.#pc.addTrack(track, microphone);
  }

  // start offers our audio to the server and follows the call from then on.
  async start() {
    this.#poll();
    try {
      await this.#offer();
    } catch (error) {
      if (gone(error)) await this.#look(); // it ended meanwhile, and knows why
      this.#finish("failed", error.message);
      return;
    }
    this.#watch();
  }

  async #offer(options) {
    await this.#pc.setLocalDescription(await this.#pc.createOffer(options));
    this.#offered = true;
    const { type, sdp } = this.#pc.localDescription;
    const message = await this.#api.send(this.id, "offer", { type, sdp });
    const held = this.#held;
    this.#held = null;
    for (const candidate of held) this.#found(candidate);
    const answer = answerIn(message);
    if (answer) await this.#answered(answer);
  }

  // answered takes the server's answer; it may come twice, in the reply to the offer
  // and as a message.
  async #answered(answer) {
    if (!this.#offered) return;
    this.#offered = false;
    await this.#pc.setRemoteDescription(answer);
    const early = this.#early;
    this.#early = null;
    for (const candidate of early) await this.#pc.addIceCandidate(candidate);
  }

  #found(candidate) {
    if (!candidate) return;
    if (this.#held) {
      this.#held.push(candidate);
      return;
    }
    this.#api.send(this.id, "ice_candidate", candidate.toJSON())
      .catch((error) => console.warn("candidate not sent:", error.message));
  }

  // poll takes the server's messages for as long as the call lives.
  async #poll() {
    const signal = this.#stop.signal;
    for (let after = 0, failures = 0; !signal.aborted;) {
      try {
        for (const message of await this.#api.messages(this.id, after, signal)) {
          after = Math.max(after, message.seq);
          await this.#take(message);
        }
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (gone(error)) {
          await this.#look();
          return;
        }
        await pause(Math.min(1000 * 2 ** failures++, 10_000), signal);
      }
    }
  }

  async #take({ message_type: type, payload }) {
    try {
      switch (type) {
        case "answer":
          await this.#answered({ type: "answer", sdp: payload.sdp });
          break;
        case "offer":
          await this.#pc.setRemoteDescription({ type: "offer", sdp: payload.sdp });
          await this.#pc.setLocalDescription();
          await this.#api.send(this.id, "answer", { type: "answer", sdp: this.#pc.localDescription.sdp });
          break;
        case "ice_candidate": {
          const candidate = candidateIn(payload);
          if (!candidate) break;
          if (this.#early) this.#early.push(candidate);
          else await this.#pc.addIceCandidate(candidate);
          break;
        }
        case "hangup":
          await this.#look();
          this.#finish("ended", payload?.cause_text);
          break;
      }
    } catch (error) {
      console.warn(`message ${type}:`, error.message);
    }
  }

  // watch follows the call's own state, which messages do not tell.
  async #watch() {
    const signal = this.#stop.signal;
    while (!signal.aborted) {
      await this.#look();
      await pause(this.state === "active" ? 3000 : 700, signal);
    }
  }

  async #look() {
    try {
      const call = await this.#api.call(this.id);
      if (this.#stop.signal.aborted) return;
      if (call.status === "ended") this.#finish("ended", call.cause_text);
      else if (this.state !== "interrupted") this.#become(call.status);
    } catch (error) {
      if (gone(error)) this.#finish("ended");
      else console.warn("call state:", error.message);
    }
  }

  #connection() {
    switch (this.#pc.connectionState) {
      case "connected":
        this.#restarted = false;
        if (this.state === "interrupted") this.#become("active");
        break;
      case "disconnected":
        if (this.state === "active") this.#become("interrupted");
        break;
      case "failed":
        this.#restart();
        break;
    }
  }

  // restart looks for another network path, once.
  #restart() {
    if (this.#restarted) {
      this.hangUp("no network path to the server");
      return;
    }
    this.#restarted = true;
    this.#become("interrupted");
    this.#early = [];
    this.#offer({ iceRestart: true }).catch((error) => this.#finish("failed", error.message));
  }

  // mute stops or resumes what we send, and tells the server, which shows it to others.
  mute(on) {
    for (const track of this.microphone.getAudioTracks()) track.enabled = !on;
    this.#api.send(this.id, on ? "mute" : "unmute", {}).catch((error) => console.warn("mute:", error.message));
  }

  // digit sends a DTMF digit, in the audio if that was agreed on, else by the server.
  digit(digit) {
    const dtmf = this.#pc.getSenders().find((s) => s.dtmf?.canInsertDTMF)?.dtmf;
    if (dtmf) {
      dtmf.insertDTMF(dtmf.toneBuffer + digit, 120, 70);
      return;
    }
    this.#api.digits(this.id, digit).catch((error) => console.warn("dtmf:", error.message));
  }

  // hangUp ends the call; cause is why, if not by wish.
  hangUp(cause) {
    const ending = this.#api.end(this.id, { keepalive: true })
      .catch((error) => console.warn("end:", error.message));
    this.#finish(cause ? "failed" : "ended", cause);
    return ending;
  }

  #become(state) {
    if (this.#stop.signal.aborted || state === this.state) return;
    this.state = state;
    if (state === "active" && !this.since) this.since = Date.now();
    this.#tell("state", { state });
  }

  #finish(state, cause) {
    if (this.#stop.signal.aborted) return;
    this.state = state;
    this.#stop.abort();
    this.#pc.close();
    for (const track of this.microphone.getTracks()) track.stop();
    this.#tell("state", { state, cause });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
