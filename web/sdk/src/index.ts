// The client of a Skybridge server: calls, rooms, presence and messages, for browsers,
// Node and React Native.

export { install as installCompat, type CompatOptions } from "./compat.js";
