import assert from "node:assert/strict";
import { test } from "node:test";

import {
  asksPIN, duration, loudness, mine, noMicrophone, others, participants, person, roomNamed, seenAs, sharing, title, tokenIn, trouble, words,
} from "./page/model.js";

test("what is dialled", () => {
  assert.deepEqual(participants(" 1001 "), ["SIP/1001"]);
  assert.deepEqual(participants("*98#"), ["SIP/*98#"]);
  assert.deepEqual(participants("anna"), ["SIP/anna", "WebRTC/anna"]);
  assert.deepEqual(participants("WebRTC/anna"), ["WebRTC/anna"]);
});

test("why there is no microphone, and who asks for a PIN", () => {
  const named = (name) => Object.assign(new Error("itself"), { name });
  assert.match(trouble("camera", named("NotAllowedError")), /allow it/);
  assert.match(trouble("camera", named("NotFoundError")), /finds no camera/);
  assert.equal(trouble("camera", new Error("itself")), "itself");
  assert.equal(asksPIN({ status: 403, problem: { errors: [{ location: "body.pin" }] } }), true);
  assert.equal(asksPIN({ status: 403, problem: { errors: null } }), false);
  assert.equal(asksPIN({ status: 409 }), false);
});

test("the token in a link", () => {
  assert.equal(tokenIn("#token=a.b.c"), "a.b.c");
  assert.equal(tokenIn("#x=1&token=a%2Bb"), "a+b");
  assert.equal(tokenIn(""), "");
});

test("whose a picture is", () => {
  const people = [{ id: "p1", user_id: "anna" }, { id: "p2", endpoint: "SIP/1001" }];
  assert.equal(seenAs(people, "p1", "camera"), "anna");
  assert.equal(seenAs(people, "p1", "screen"), "anna’s screen");
  assert.equal(seenAs(people, "p2", "camera"), "SIP/1001");
  assert.equal(seenAs(people, "p3", "camera"), "Somebody");
});

test("rooms by number, id and name", () => {
  const rooms = [{ id: "a", number: "9000", name: "Lobby" }, { id: "b", number: "9001", name: "9000" }];
  assert.equal(roomNamed(rooms, " 9000 ").id, "a");
  assert.equal(roomNamed(rooms, "b").id, "b");
  assert.equal(roomNamed(rooms, "LOBBY").id, "a");
  assert.equal(roomNamed(rooms, "attic"), null);
});

test("who else is in a call", () => {
  assert.equal(others({ participants: [{ user_id: "anna" }, { endpoint: "SIP/1001", user_id: null }] }, "anna"), "SIP/1001");
  assert.equal(others({ participants: [{ user_id: "anna" }], created_by: "bob" }, "anna"), "bob");
  assert.equal(others({ created_by: "anna" }, "anna"), "nobody else");
  assert.equal(person({ user_id: "anna", role: "moderator", muted: true }, "anna"), "anna (you, moderator, muted)");
  assert.equal(person({ id: "2", user_id: "anna" }, "anna", "1"), "anna");
  assert.equal(person({ id: "1", user_id: "anna" }, "anna", "1"), "anna (you)");
  assert.equal(person({ user_id: null, endpoint: "SIP/1001", state: "ringing" }, ""), "SIP/1001 (ringing)");
  assert.equal(person({ user_id: "bob", state: "connected" }, "anna"), "bob");
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

test("a page that gets no microphone says why and what to do", () => {
  assert.equal(noMicrophone({ host: "localhost:8080", port: "8080" }, true), "");
  const text = noMicrophone({ host: "192.0.2.7:8080", port: "8080" }, false);
  for (const want of ["192.0.2.7:8080", "api.tls: true", "localhost:8080"]) assert.ok(text.includes(want), text);
  assert.match(noMicrophone({ host: "pbx.example", port: "" }, false), /as localhost\.$/);
});

test("why a screen cannot be shared", () => {
  assert.equal(sharing(true, true), "");
  assert.match(sharing(false, true), /takes no video/);
  assert.match(sharing(null, true), /when the call is connected/);
  assert.match(sharing(true, false), /browser/);
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
