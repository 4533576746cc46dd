import assert from "node:assert/strict";
import { test } from "node:test";

import {
  answerIn, callerOf, candidateIn, duration, loudness, mine, noMicrophone, others, participant, ringingFor, roomNamed, title,
  tokenIn, userOf, words,
} from "./page/model.js";

const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

test("what is dialled", () => {
  assert.equal(participant(" 1001 "), "SIP/1001");
  assert.equal(participant("WebRTC/anna"), "WebRTC/anna");
});

test("the token in a link", () => {
  assert.equal(tokenIn("#token=a.b.c"), "a.b.c");
  assert.equal(tokenIn("#x=1&token=a%2Bb"), "a+b");
  assert.equal(tokenIn(""), "");
});

test("the user of a token", () => {
  assert.equal(userOf(jwt({ sub: "anna" })), "anna");
  assert.equal(userOf(jwt({ sub: "Zoë ÿ?>" })), "Zoë ÿ?>");
  for (const none of ["", "key", "a.!!!.c", jwt({}), jwt({ sub: 7 })]) assert.equal(userOf(none), "");
});

test("rooms by number, id and name", () => {
  const rooms = [{ id: "a", number: "9000", name: "Lobby" }, { id: "b", number: "9001", name: "9000" }];
  assert.equal(roomNamed(rooms, " 9000 ").id, "a");
  assert.equal(roomNamed(rooms, "b").id, "b");
  assert.equal(roomNamed(rooms, "LOBBY").id, "a");
  assert.equal(roomNamed(rooms, "attic"), null);
});

test("a call that rings for me", () => {
  const call = (status, ...participants) => ({ id: status, status, participants });
  const me = (state, role = "callee") => ({ user_id: "anna", state, role });
  assert.equal(ringingFor([call("active", me("connected")), call("ringing", me("ringing"))], "anna").id, "ringing");
  assert.equal(ringingFor([call("ringing", me("ringing", "caller"))], "anna"), null);
  assert.equal(ringingFor([call("ended", me("ringing"))], "anna"), null);
  assert.equal(ringingFor([call("ringing", me("ringing"))], "bob"), null);
  assert.equal(ringingFor([{ status: "ringing" }], "anna"), null);
  assert.equal(ringingFor([call("ringing", { user_id: null, state: "ringing" })], ""), null);
});

test("who else is in a call", () => {
  assert.equal(others({ participants: [{ user_id: "anna" }, { endpoint: "SIP/1001", user_id: null }] }, "anna"), "SIP/1001");
  assert.equal(others({ participants: [{ user_id: "anna" }], created_by: "bob" }, "anna"), "bob");
  assert.equal(others({ created_by: "anna" }, "anna"), "nobody else");
  assert.equal(callerOf({ metadata: { caller_id: "Bob" }, created_by: "b" }), "Bob");
  assert.equal(callerOf({ created_by: "b" }), "b");
  assert.equal(callerOf({}), "somebody");
});

test("my calls and their titles", () => {
  const a = { id: "a", created_by: "anna" };
  const b = { id: "b", created_by: "bob", participants: [{ user_id: "anna" }], room_id: "r" };
  const c = { id: "c", created_by: "bob", participants: [{ user_id: null, endpoint: "SIP/1" }] };
  assert.deepEqual(mine([a, b, c], "anna"), [a, b]);
  assert.deepEqual(mine([a, b, c], ""), [a, b, c]);
  assert.equal(title(b, "anna", [{ id: "r", name: "Lobby" }]), "room Lobby");
  assert.equal(title(b, "anna", []), "room");
  assert.equal(title(c, "bob", []), "SIP/1");
});

test("answers and candidates", () => {
  assert.deepEqual(answerIn({ reply: { payload: { type: "answer", sdp: "v=0" } } }), { type: "answer", sdp: "v=0" });
  for (const none of [null, {}, { reply: null }, { reply: { payload: {} } }]) assert.equal(answerIn(none), null);
  const candidate = { candidate: "candidate:1 1 udp 1 192.0.2.1 1 typ host", sdpMid: "0" };
  assert.deepEqual(candidateIn(candidate), candidate);
  assert.deepEqual(candidateIn({ candidate }), candidate);
  for (const end of [null, { candidate: "" }, { candidate: null }, { candidate: { candidate: "" } }]) {
    assert.equal(candidateIn(end), null);
  }
});

test("a page that gets no microphone says why and what to do", () => {
  assert.equal(noMicrophone({ host: "localhost:8080", port: "8080" }, true), "");
  const text = noMicrophone({ host: "192.0.2.7:8080", port: "8080" }, false);
  for (const want of ["192.0.2.7:8080", "api.tls: true", "localhost:8080"]) assert.ok(text.includes(want), text);
  assert.match(noMicrophone({ host: "pbx.example", port: "" }, false), /as localhost\.$/);
});

test("words and numbers", () => {
  assert.equal(words("active", "1001"), "Connected to 1001");
  assert.equal(words("ended", "1001", "Busy"), "The call has ended: Busy");
  assert.equal(words("failed", "1001", "no such endpoint"), "no such endpoint");
  assert.equal(duration(65_999), "1:05");
  assert.equal(duration(-1), "0:00");
  assert.equal(loudness(new Float32Array(8)), 0);
  assert.equal(loudness(new Float32Array(8).fill(1)), 1);
  assert.ok(Math.abs(loudness(new Float32Array(8).fill(0.1)) - 2 / 3) < 1e-6);
});
