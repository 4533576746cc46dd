// A user of the SDK in Node, with @roamhq/wrtc (Google's library) for its media: it calls a
// phone, says a tone, and tells what it hears. It says a line per event, and hangs up when its
// input ends.
//
//   node wrtc.mjs URL TOKEN TARGET SAID HEARD     (tones in Hz)

import wrtc from "@roamhq/wrtc";
import { WebSocket } from "ws";
import { connect } from "./dist/skybridge.js";

const [url, token, target, said, heard] = process.argv.slice(2);
const say = (...words) => console.log(...words);
const { MediaStream, RTCPeerConnection, nonstandard: { RTCAudioSource, RTCAudioSink } } = wrtc;

const rate = 48000, frame = rate / 100;
const source = new RTCAudioSource();
let at = 0;
const speak = setInterval(() => {
  const samples = Int16Array.from({ length: frame }, () => 12000 * Math.sin(2 * Math.PI * said * at++ / rate));
  source.onData({ samples, sampleRate: rate, bitsPerSample: 16, channelCount: 1, numberOfFrames: frame });
}, 10);

// part is how much of samples is a tone, 0 to 1 (Goertzel's algorithm).
function part(samples, hz, sampleRate) {
  const k = 2 * Math.cos(2 * Math.PI * hz / sampleRate);
  let a = 0, b = 0, all = 0;
  for (const x of samples) {
    [a, b] = [x + k * a - b, a];
    all += x * x;
  }
  return all === 0 ? 0 : 2 * (a * a + b * b - k * a * b) / (samples.length * all);
}

let told = false;
const listen = (stream) => {
  for (const track of stream.getAudioTracks()) {
    const sink = new RTCAudioSink(track);
    let second = [];
    sink.ondata = ({ samples, sampleRate, channelCount }) => {
      for (let i = 0; i < samples.length; i += channelCount) second.push(samples[i]);
      if (second.length < sampleRate) return;
      const share = part(second, Number(heard), sampleRate);
      second = [];
      if (share > 0.5 && !told) {
        told = true;
        say("heard", heard);
      }
    };
  }
};

const client = await connect({
  url, token,
  environment: {
    WebSocket, MediaStream, RTCPeerConnection,
    mediaDevices: { getUserMedia: async () => new MediaStream([source.createTrack()]) },
  },
});
say("connected", client.user);
const call = await client.call(target);
call.streams.forEach(listen);
call.on("stream", listen);
say("state", call.state);
call.on("state", ({ state, cause }) => say("state", state, cause));
call.chat.on("open", async (open) => {
  if (open) say("wrote", (await call.chat.send("hello")).body, "by the data channel");
});
process.stdin.on("end", async () => {
  await call.hangUp();
  clearInterval(speak);
  client.close();
  process.exit(); // its threads would keep the process
});
process.stdin.resume();
