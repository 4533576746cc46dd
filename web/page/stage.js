// What is seen of a call: the cameras and screens of those who are in it, ours among them, and
// who speaks.

import { seenAs, sharing, trouble } from "./model.js";
import { Tiles } from "./tiles.js";

const own = "own"; // whose ours are, among tiles

export class Stage {
  #tiles;
  #buttons; // {camera, share, hint}
  #call = null;
  #people = () => [];
  #ours = new Map(); // camera and screen to the streams that are shown
  #speaking = new Set();
  #said = ""; // why the last of our buttons did nothing

  constructor(element, buttons) {
    this.#tiles = new Tiles(element);
    this.#buttons = buttons;
    buttons.camera.addEventListener("click", () => this.#turn("camera"));
    buttons.share.addEventListener("click", () => this.#turn("screen"));
  }

  // begin shows a call; people gives who is in it.
  begin(call, people) {
    this.#call = call;
    this.#people = people;
    for (const video of call.videos) this.#show(video);
    call.on("video", (video) => { if (this.#call === call) this.#show(video); });
    call.on("videoEnded", ({ stream }) => this.#tiles.hide(stream));
    call.on("camera", () => this.arrange());
    call.on("screen", () => this.arrange());
    this.arrange();
  }

  end() {
    this.#call = null;
    this.#said = "";
    this.#ours.clear();
    this.#speaking = new Set();
    this.#tiles.clear();
  }

  // named says anew whose the tiles are.
  named() {
    this.#tiles.name((participant, kind) => (participant === own ? null : seenAs(this.#people(), participant, kind)));
  }

  speaks(participants) {
    this.#speaking = participants;
    this.#tiles.speaks(participants);
  }

  #show({ participant, kind, stream }) {
    this.#tiles.show(stream, { participant, kind, name: seenAs(this.#people(), participant, kind) });
    this.#tiles.speaks(this.#speaking);
  }

  // arrange has the buttons, and the tiles of what is ours, be as the call is.
  arrange() {
    const call = this.#call;
    if (!call) return;
    const { camera, share, hint } = this.#buttons;
    const none = sharing(call.videoAccepted, true);
    const why = sharing(call.videoAccepted, Boolean(navigator.mediaDevices?.getDisplayMedia));
    camera.disabled = none !== "" && !call.camera;
    camera.setAttribute("aria-pressed", String(call.camera !== null));
    share.disabled = why !== "" && !call.sharing;
    share.setAttribute("aria-pressed", String(call.sharing));
    hint.textContent = this.#said || why;
    this.#mine("camera", call.camera, "You");
    this.#mine("screen", call.screen, "Your screen");
  }

  #mine(kind, stream, name) {
    const shown = this.#ours.get(kind) ?? null;
    if (shown === stream) return;
    if (shown) this.#tiles.hide(shown);
    this.#ours.delete(kind);
    if (!stream) return;
    this.#ours.set(kind, stream);
    this.#tiles.show(stream, { participant: own, kind, name });
  }

  // turn has a camera or a screen be sent, or no more.
  async #turn(kind) {
    const call = this.#call;
    if (!call) return;
    this.say("");
    try {
      if (kind === "camera") await (call.camera ? call.stopCamera() : call.startCamera());
      else await (call.sharing ? call.stopScreen() : call.shareScreen());
    } catch (error) {
      if (this.#call !== call) return;
      // Who is asked which screen, and chooses none, has done nothing wrong.
      if (kind === "camera" || error.name !== "NotAllowedError") this.say(trouble(kind, error));
    }
  }

  // say shows why something of ours is not to be seen.
  say(text) {
    this.#said = text;
    this.arrange();
  }
}
