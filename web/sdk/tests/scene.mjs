// What tests of calls share: a server of the contract, clients, and calls that are connected.

import { after, afterEach, before } from "node:test";
import { MediaStream, MediaStreamTrack, RTCPeerConnection } from "werift";
import { Client } from "../dist/skybridge.js";
import { Server, call } from "./contract.mjs";

export const token = `x.${Buffer.from(JSON.stringify({ sub: "anna" })).toString("base64url")}.y`;
export const server = new Server();
let id = 0;
const open = [];

// last is the id of the call that was made ready last.
export const last = () => `call-${id}`;

before(() => server.start());
after(() => server.stop());
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

export const camera = (id = "local") => new MediaStream([new MediaStreamTrack({ kind: "video", id })]);
export const microphone = () => new MediaStream([new MediaStreamTrack({ kind: "audio" })]);

// talk is a call in which both ends are connected, over loopback.
export async function talk(prepare = () => undefined) {
  const { client, remote } = await ready(prepare);
  const made = await client.call("1001", { local: microphone() });
  return { client, made, remote };
}

// ready is a client that may call, by connections that may do something of their own.
export async function ready(prepare = () => undefined, own = {}, WebSocket = undefined, fetch = globalThis.fetch) {
  const name = `call-${++id}`;
  const remote = call(server, name);
  await prepare(remote);
  const client = new Client({
    url: server.url, token,
    environment: {
      WebSocket, network: {}, MediaStream, fetch,
      RTCPeerConnection: class extends RTCPeerConnection {
        constructor(configuration) {
          super({ ...configuration, iceAdditionalHostAddresses: ["127.0.0.1"] });
          Object.assign(this, own);
        }
      },
    },
  });
  open.push(async () => {
    client.close();
    for (const made of client.calls.values()) await made.hangUp();
    await remote.close();
  });
  await client.connect();
  return { client, remote };
}

export const connected = (pc) => new Promise((done) => {
  const check = () => pc.connectionState === "connected" && done();
  pc.connectionStateChange.subscribe(check);
  check();
});
