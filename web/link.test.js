import assert from "node:assert/strict";
import { test } from "node:test";

import { watched } from "./page/link.js";

test("the link to the page that watches", () => {
  const none = { token: "", pin: "", participant: "" };
  for (const [fragment, want] of [
    ["", { ...none, room: "", kept: "#" }],
    ["#9001", { ...none, room: "9001", kept: "#9001" }],
    ["#9001&token=a.b%2Bc&pin=12", { ...none, room: "9001", token: "a.b+c", pin: "12", kept: "#9001" }],
    ["#9001&participant=0193e5a0&token=x", { ...none, room: "9001", token: "x", participant: "0193e5a0", kept: "#9001&participant=0193e5a0" }],
    ["#9001&participant=a%26token=b", { ...none, room: "9001", participant: "a&token=b", kept: "#9001&participant=a%26token%3Db" }],
    ["#caf%C3%A9", { ...none, room: "café", kept: "#caf%C3%A9" }],
    ["#%", { ...none, room: "%", kept: "#%" }],
    ["#%&token=%", { ...none, room: "%", token: "%", kept: "#%" }],
  ]) assert.deepEqual(watched(fragment), want, fragment);
});
