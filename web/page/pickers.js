// Which microphone, camera and loudspeaker are used.

import { trouble } from "./model.js";

const kinds = ["microphone", "camera", "speaker"];

export class Pickers {
  #selects;
  #devices = null; // the SDK's
  #call = () => null;
  #told;

  // selects has the select element of each kind; told is called with a kind when another one is
  // used, and with an error too when it is not to be had.
  constructor(selects, told) {
    this.#selects = selects;
    this.#told = told;
    for (const kind of kinds) selects[kind].addEventListener("change", () => this.#choose(kind));
  }

  // follow shows a client's devices; call gives the call that is under way, or null.
  follow(devices, player, call) {
    this.#devices = devices;
    this.#call = call;
    devices.plays(player);
    devices.on("change", () => this.refresh());
    this.refresh();
  }

  // refresh reads what there is. Before the user has allowed one, browsers give no names.
  async refresh() {
    const devices = this.#devices;
    const all = await devices.list().catch(() => []);
    if (devices !== this.#devices) return;
    for (const kind of kinds) {
      const select = this.#selects[kind];
      const known = all.filter((d) => d.kind === kind && d.id !== "" && d.id !== "default");
      const option = (value, text) => Object.assign(document.createElement("option"), { value, textContent: text });
      select.replaceChildren(option("", "The system’s choice"), ...known.map((d, i) => option(d.id, d.name || `${kind} ${i + 1}`)));
      select.value = known.some((d) => d.id === devices.chosen(kind)) ? devices.chosen(kind) : "";
      select.disabled = known.length === 0;
    }
  }

  async #choose(kind) {
    const before = this.#devices.chosen(kind);
    try {
      await this.#devices.choose(kind, this.#selects[kind].value);
      const call = this.#call();
      if (kind === "microphone" && call) await call.use("microphone");
      if (kind === "camera" && call?.camera) await call.use("camera");
      this.#told(kind);
    } catch (error) {
      // It is not to be had: what was used before is, still.
      await this.#devices.choose(kind, before).catch(() => undefined);
      this.#selects[kind].value = before;
      this.#told(kind, error);
    }
  }
}

// capture opens the microphone, and the camera if it is wanted and can be had; without says why it
// cannot.
export async function capture(devices, video) {
  try {
    return { local: await devices.capture({ audio: true, video }), without: "" };
  } catch (error) {
    if (!video) throw error;
    return { local: await devices.capture({ audio: true }), without: trouble("camera", error) };
  }
}
