// Level meters for audio streams.

import { loudness } from "./model.js";

let context = null;

// listen makes the audio context; browsers want it to be done in a click. Without
// one, resuming waits for it for ever, and only the meters stand still meanwhile.
export function listen() {
  context ??= new AudioContext();
  context.resume().catch((error) => console.warn("meters:", error.message));
}

// show moves a meter element with a stream's level until the function it returns
// is called.
export function show(meter, stream) {
  const source = context.createMediaStreamSource(stream);
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  meter.dataset.peak = "0";
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const level = loudness(samples);
    meter.value = level;
    meter.textContent = `${Math.round(level * 100)} %`;
    if (level > Number(meter.dataset.peak)) meter.dataset.peak = level.toFixed(3);
  }, 100);
  return () => {
    clearInterval(timer);
    source.disconnect();
    meter.value = 0;
  };
}
