// Video as it comes and goes: one tile per stream that has any.

// Tiles shows streams in an element. A screen is shown large, and cameras beside it.
export class Tiles {
  #element;
  #followed = new Map(); // stream to what is known of it

  constructor(element) {
    this.#element = element;
  }

  // show gives a stream a tile while it has video, also video that comes later. kind is camera or
  // screen, participant whose it is, name what stands below it.
  show(stream, { name, participant = "", kind = "camera" }) {
    const known = this.#followed.get(stream);
    if (known) return;
    const stop = new AbortController();
    this.#followed.set(stream, { stop, name, participant, kind });
    const { signal } = stop;
    const update = () => this.#update(stream);
    const follow = (track) => {
      if (track.kind !== "video") return;
      for (const change of ["mute", "unmute", "ended"]) track.addEventListener(change, update, { signal });
    };
    stream.getTracks().forEach(follow);
    stream.addEventListener("addtrack", ({ track }) => { follow(track); update(); }, { signal });
    stream.addEventListener("removetrack", update, { signal });
    update();
  }

  // name says anew whose the tiles are.
  name(names) {
    for (const [stream, known] of this.#followed) {
      known.name = names(known.participant, known.kind) ?? known.name;
      const caption = this.#find(stream)?.querySelector("figcaption");
      if (caption && caption.textContent !== known.name) caption.textContent = known.name;
    }
  }

  // speaks marks who speaks now.
  speaks(participants) {
    for (const tile of this.#element.children) tile.toggleAttribute("data-speaking", participants.has(tile.dataset.participant));
  }

  hide(stream) {
    this.#followed.get(stream)?.stop.abort();
    this.#followed.delete(stream);
    this.#find(stream)?.remove();
  }

  clear() {
    for (const stream of [...this.#followed.keys()]) this.hide(stream);
  }

  #find(stream) {
    return [...this.#element.children].find((tile) => tile.dataset.stream === stream.id);
  }

  #update(stream) {
    const { name, participant, kind } = this.#followed.get(stream);
    // A track of others' is muted until its first frame, and while none comes.
    const seen = stream.getVideoTracks().some((track) => track.readyState === "live" && !track.muted);
    const tile = this.#find(stream);
    if (!seen) {
      tile?.remove();
      return;
    }
    if (tile) return;
    const figure = document.createElement("figure");
    Object.assign(figure.dataset, { stream: stream.id, participant, kind });
    const video = document.createElement("video");
    video.autoplay = true;
    video.playsInline = true;
    video.muted = true; // what is heard is played by #remote-audio
    video.srcObject = stream;
    const caption = document.createElement("figcaption");
    caption.textContent = name;
    figure.append(video, caption);
    // Screens come first: they are the large ones.
    if (kind === "screen") this.#element.prepend(figure);
    else this.#element.append(figure);
  }
}
