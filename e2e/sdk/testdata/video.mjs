// Two users of the SDK in Node, with @roamhq/wrtc (Google's library) for their media, meet in a room
// and see each other: each films an even grey of its own, and tells what it sees of the other. It says
// a line per event, and leaves when its input ends.
//
//   node video.mjs URL TOKEN TOKEN ROOM

import wrtc from "@roamhq/wrtc";
import { WebSocket } from "ws";
import { connect } from "./dist/skybridge.js";

const [url, first, second, room] = process.argv.slice(2);
const { MediaStream, RTCPeerConnection, nonstandard: { RTCAudioSource, RTCVideoSource, RTCVideoSink } } = wrtc;
const width = 320, height = 180;

// person enters the room and films; sees is told the mean grey of each frame that comes.
async function person(token, grey, sees) {
  const microphone = new RTCAudioSource(), camera = new RTCVideoSource();
  const data = new Uint8ClampedArray(width * height * 3 / 2).fill(128).fill(grey, 0, width * height); // I420
  const film = setInterval(() => camera.onFrame({ width, height, data }), 1000 / 15);
  const client = await connect({
    url, token,
    environment: {
      WebSocket, MediaStream, RTCPeerConnection,
      mediaDevices: { getUserMedia: async ({ video }) => new MediaStream([(video ? camera : microphone).createTrack()]) },
    },
  });
  const { id } = (await client.rooms.list()).find((r) => r.number === room);
  const joined = await client.rooms.join(id);
  const watch = ({ kind, stream }) => {
    for (const track of stream.getVideoTracks()) {
      new RTCVideoSink(track).onframe = ({ frame }) => {
        const luma = frame.data.subarray(0, frame.width * frame.height);
        sees(kind, luma.reduce((sum, y) => sum + y, 0) / luma.length, frame);
      };
    }
  };
  joined.call.videos.forEach(watch);
  joined.call.on("video", watch);
  await joined.call.startCamera();
  console.log(client.user, "films");
  return async () => {
    clearInterval(film);
    await joined.leave();
    client.close();
  };
}

// counts gives who counts frames of one grey, and tells of the thirtieth.
const counts = (who, grey) => {
  let frames = 0;
  return (kind, mean, frame) => {
    if (kind !== "camera" || Math.abs(mean - grey) > 6) console.log(who, "sees", kind, mean);
    else if (++frames === 30) console.log(who, "sees the other", frame.width, frame.height);
  };
};

const leave = [await person(first, 200, counts("first", 60)), await person(second, 60, counts("second", 200))];
process.stdin.on("end", async () => {
  for (const each of leave) await each();
  process.exit(); // its threads would keep the process
});
process.stdin.resume();
