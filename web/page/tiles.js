// Video as it comes and goes: one tile per stream that has any.

// Tiles shows streams in an element.
export class Tiles {
  #element;
  #followed = new Map(); // stream to what stops following it

  constructor(element) {
    this.#element = element;
  }

  // show gives a stream a tile while it has video, also video that comes later.
  show(stream, name) {
    if (this.#followed.has(stream)) return;
    const stop = new AbortController();
    this.#followed.set(stream, stop);
    const { signal } = stop;
    const update = () => this.#update(stream, name);
    const follow = (track) => {
      if (track.kind !== "video") return;
      for (const change of ["mute", "unmute", "ended"]) track.addEventListener(change, update, { signal });
    };
    stream.getTracks().forEach(follow);
    stream.addEventListener("addtrack", ({ track }) => { follow(track); update(); }, { signal });
    stream.addEventListener("removetrack", update, { signal });
    update();
  }

  hide(stream) {
    this.#followed.get(stream)?.abort();
    this.#followed.delete(stream);
    this.#find(stream)?.remove();
  }

  clear() {
    for (const stream of [...this.#followed.keys()]) this.hide(stream);
  }

  #find(stream) {
    return [...this.#element.children].find((tile) => tile.dataset.stream === stream.id);
  }

  #update(stream, name) {
    // A track of others' is muted until its first frame, and while none comes.
    const seen = stream.getVideoTracks().some((track) => track.readyState === "live" && !track.muted);
    const tile = this.#find(stream);
    if (!seen) {
      tile?.remove();
      return;
    }
    if (tile) return;
    const figure = document.createElement("figure");
    figure.dataset.stream = stream.id;
    const video = document.createElement("video");
    video.autoplay = true;
    video.playsInline = true;
    video.muted = true; // what is heard is played by #remote-audio
    video.srcObject = stream;
    const caption = document.createElement("figcaption");
    caption.textContent = name;
    figure.append(video, caption);
    this.#element.append(figure);
  }
}
