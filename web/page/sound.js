// What is to be heard: the call, and that somebody calls.

// Player plays streams in an audio element. A page that nobody has touched may not play (one that
// was loaded again in a call): a button is shown then.
export class Player {
  #element;
  #button;

  constructor(element, button) {
    this.#element = element;
    this.#button = button;
    button.addEventListener("click", () => this.#play());
  }

  get plays() {
    return this.#element.srcObject !== null;
  }

  play(stream) {
    this.#element.srcObject = stream;
    this.#play();
  }

  stop() {
    this.#element.srcObject = null;
    this.#button.hidden = true;
  }

  async #play() {
    try {
      await this.#element.play();
      this.#button.hidden = true;
    } catch (error) {
      // Another stream, or none, has taken this one's place: AbortError.
      if (error.name === "NotAllowedError") this.#button.hidden = false;
    }
  }
}

const every = 3000; // ms between two rings
const tones = [440, 480]; // Hz

let context = null; // while it rings
let timer = 0;

// ring has the page ring, or no more. Where the browser lets it make no sound, the title says it.
export function ring(on) {
  if (on === (context !== null)) return;
  clearInterval(timer);
  if (!on) {
    context.close();
    context = null;
    return;
  }
  const own = context = new AudioContext();
  own.resume().then(() => {
    if (context !== own) return;
    once();
    timer = setInterval(once, every);
  }).catch((error) => console.warn("ring:", error.message));
}

function once() {
  const volume = new GainNode(context, { gain: 0 });
  volume.connect(context.destination);
  const now = context.currentTime;
  for (const [at, gain] of [[0, 0.08], [1, 0]]) volume.gain.setTargetAtTime(gain, now + at, 0.01);
  for (const frequency of tones) {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(volume);
    tone.start(now);
    tone.stop(now + 1.1);
  }
}
