// A user of the SDK in Node, with werift for its media: it calls a phone, and sends back
// what it hears. It says a line per event, and hangs up when its input ends.
//
//   node echo.mjs URL TOKEN TARGET

import { MediaStream, MediaStreamTrack, RTCPeerConnection } from "werift";
import { WebSocket } from "ws";
import { connect } from "./dist/skybridge.js";

const [url, token, target] = process.argv.slice(2);
const say = (...words) => console.log(...words);

const microphone = new MediaStreamTrack({ kind: "audio" });
const client = await connect({
  url, token,
  environment: {
    WebSocket, MediaStream,
    RTCPeerConnection: class extends RTCPeerConnection {
      constructor(configuration) { super({ ...configuration, iceAdditionalHostAddresses: ["127.0.0.1"] }); }
    },
    mediaDevices: { getUserMedia: async () => new MediaStream([microphone]) },
  },
});
say("connected", client.user);
const call = await client.call(target);
const echo = (stream) => {
  for (const track of stream.getAudioTracks()) track.onReceiveRtp.subscribe((rtp) => microphone.writeRtp(rtp));
};
call.streams.forEach(echo);
call.on("stream", echo);
say("state", call.state);
call.on("state", ({ state, cause }) => {
  say("state", state, cause);
  if (state === "ended" || state === "failed") { client.close(); process.exitCode = state === "ended" ? 0 : 1; }
});
call.chat.on("open", async (open) => {
  if (open) say("wrote", (await call.chat.send("hello")).body, "by the data channel");
});
process.stdin.on("end", () => void call.hangUp());
process.stdin.resume();
