// The client of a Skybridge server: calls, rooms, presence and messages, for browsers,
// Node and React Native.

export { connect, Client, type CallOptions, type ClientOptions, type Incoming, type Message, type Presence } from "./client.js";
export { Call, type CallState } from "./call.js";
export { Chat } from "./chat.js";
export type { RemoteVideo } from "./video.js";
export type { Source } from "./sections.js";
export { Room, type RoomParticipant } from "./room.js";
export { Devices, type Device, type Wanted } from "./devices.js";
export { ApiError, type CallBody, type CreateCall, type CreateRoom, type Credentials, type Participant, type Role, type RoomBody } from "./api.js";
export { Socket, FrameError, type Frame } from "./socket.js";
export { Meter, type Flow, type Statistics } from "./statistics.js";
export type { Environment, IceServer, PeerConnection, Stream, StreamLike, Track, TrackLike } from "./environment.js";
export { install as installCompat, type CompatOptions } from "./compat.js";
