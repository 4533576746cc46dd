import assert from "node:assert/strict";
import { test } from "node:test";

import { fragmentOf, pauseAfter, serversIn, withFragment } from "./page/whep.js";

test("the ICE servers of Link headers", () => {
  assert.deepEqual(serversIn(null), []);
  assert.deepEqual(serversIn('<stun:stun.example.net>; rel="ice-server", <turn:t.example.net?transport=udp>; rel="ice-server"; ' +
    'username="1:a"; credential="a\\"b,c"; credential-type="password", <other>; rel=next'), [
    { urls: "stun:stun.example.net" }, { urls: "turn:t.example.net?transport=udp", username: "1:a", credential: 'a"b,c' },
  ]);
});

const offer = "v=0\r\na=group:BUNDLE 0 1\r\na=ice-options:trickle\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\na=mid:0\r\n" +
  "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n";

test("candidates as they are told", () => {
  assert.equal(fragmentOf(offer, ["candidate:1 1 udp 1 192.0.2.1 9 typ host"], true), "a=group:BUNDLE 0 1\r\na=ice-options:trickle\r\n" +
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n");
  assert.doesNotMatch(fragmentOf(offer, [], false), /candidate/);
});

test("an answer of the next generation", () => {
  const answer = "v=0\r\nm=audio 9\r\na=ice-ufrag:old\r\na=ice-pwd:old\r\na=candidate:1 old\r\na=end-of-candidates\r\nm=video 9\r\na=ice-ufrag:old\r\na=ice-pwd:old\r\n";
  const fragment = "a=ice-ufrag:new\r\na=ice-pwd:word\r\na=candidate:2 new\r\na=end-of-candidates\r\n";
  assert.equal(withFragment(answer, fragment), "v=0\r\nm=audio 9\r\na=ice-ufrag:new\r\na=ice-pwd:word\r\na=candidate:2 new\r\na=end-of-candidates\r\n" +
    "m=video 9\r\na=ice-ufrag:new\r\na=ice-pwd:word\r\n");
});

test("what is tried again, and when", () => {
  for (const [error, failures, want] of [
    [new TypeError("Failed to fetch"), 0, 3000], [new TypeError("Failed to fetch"), 2, 12_000], [{ status: 503, after: 0 }, 9, 30_000],
    [{ status: 429, after: 60_000 }, 0, 60_000], [{ status: 503, after: NaN }, 0, 3000], [{ status: 408, after: 0 }, 0, 3000],
    [{ status: 401, after: 0 }, 0, null], [{ status: 403, after: 0 }, 0, null], [{ status: 404, after: 0 }, 0, null],
    [{ status: 409, after: 1000 }, 0, null], [{ status: 410, after: 0 }, 0, null], [{ status: 412, after: 0 }, 0, null],
  ]) assert.equal(pauseAfter(error, failures), want, JSON.stringify(error));
});
