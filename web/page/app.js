// The page: what is shown, and what its buttons do. Calls are the SDK's.

import { ApiError, Client } from "./sdk/skybridge.js";
import { keypad } from "./keypad.js";
import { list, people, suggest } from "./list.js";
import * as meter from "./meter.js";
import { asksPIN, duration, mine, noMicrophone, participants, roomNamed, tokenIn, trouble, words } from "./model.js";
import { capture, Pickers } from "./pickers.js";
import { Player, ring as bell } from "./sound.js";
import { Stage } from "./stage.js";
import { Talk } from "./talk.js";

const $ = (id) => document.getElementById(id);
const stored = "skybridge.token";

let client = null;
let call = null;       // the call under way
let name = "";         // whom it is with
let room = null;       // the room that it is in
let speaking = new Set(); // who speaks there
let starting = false;  // one is being made
let incoming = null;   // the call that rings for us
let rooms = [];        // as last read
const meters = new Map(); // "local", "remote" to what stops them
let refreshing = 0;
let unreachable = false;
const player = new Player($("remote-audio"), $("hear"));
const pickers = new Pickers({ microphone: $("microphone"), camera: $("camera-device"), speaker: $("speaker") }, picked);
const stage = new Stage($("tiles"), { camera: $("film"), share: $("share"), hint: $("share-hint") });
const talk = new Talk({ panel: $("messages"), title: $("messages-title"), list: $("said"), form: $("say-form"), text: $("say"), hint: $("say-hint") });

function status(state, text) {
  const line = $("status");
  line.dataset.state = state;
  if (line.textContent !== text) line.textContent = text;
}

function failed(error) {
  status("failed", error.message);
  if (error.status === 401) signOut(error.message);
}

const warn = (what) => (error) => console.warn(`${what}:`, error.message);

// arrange shows the buttons that make sense now.
function arrange() {
  const inCall = call !== null;
  for (const id of ["dial-target", "dial", "room", "join", "create-room", "camera"]) $(id).disabled = inCall || starting;
  $("accept").disabled = starting;
  $("dial-form").hidden = inCall;
  $("room-form").hidden = inCall;
  $("camera-row").hidden = inCall;
  $("controls").hidden = !inCall;
  $("incoming").hidden = incoming === null;
  $("incoming-hint").hidden = !inCall;
  document.title = incoming ? `${incoming.caller || "Somebody"} calls – Skybridge` : inCall ? `${name} – Skybridge` : "Skybridge";
  stage.arrange();
}

// ---- signing in

async function signIn(token) {
  clearTimeout(refreshing);
  client?.close();
  const made = client = new Client({ token });
  for (const event of ["incoming", "incomingEnded"]) made.on(event, () => ring(made));
  for (let pause = 2000; client === made; pause = Math.min(2 * pause, 30_000)) {
    try {
      await made.connect();
      break;
    } catch (error) {
      if (client !== made) return;
      // A server that is away now is no reason to ask for the token again.
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) return signOut(error.message);
      $("token-hint").textContent = `The server cannot be reached, trying again: ${error.message}`;
      await new Promise((again) => { refreshing = setTimeout(again, Math.max(pause, 1000 * (error.retryAfter ?? 0))); });
    }
  }
  if (client !== made) return;
  pickers.follow(made.devices, $("remote-audio"), () => call);
  sessionStorage.setItem(stored, token);
  $("user").textContent = made.user || "API key";
  $("token").value = "";
  for (const id of ["account", "call", "my-calls"]) $(id).hidden = false;
  $("signed-out").hidden = true;
  status("idle", words("idle"));
  arrange();
  $("dial-target").focus();
  ring(made);
  refresh();
  await goOn();
}

// goOn takes up the call that the page was in before it was loaded again.
async function goOn() {
  if (!sessionStorage.getItem("skybridge.call")) return;
  await make(async (options) => {
    const resumed = await client.resume(options);
    return resumed && { call: resumed, name: "your call" };
  });
  if (!call && $("status").dataset.state === "starting") status("idle", words("idle"));
}

function signOut(why) {
  hangUp();
  clearTimeout(refreshing);
  sessionStorage.removeItem(stored);
  client?.close();
  client = null;
  incoming = null;
  bell(false);
  for (const id of ["account", "call", "my-calls", "incoming"]) $(id).hidden = true;
  $("signed-out").hidden = false;
  $("token-hint").textContent = why || "You are signed out.";
  status("signed-out", "");
  $("token").focus();
}

// ---- making calls

// make runs the steps to a call: the microphone first, since nobody's phone should
// ring when there is none. The steps take what is sent, and give the call and with whom it is.
async function make(steps) {
  if (call || starting) return;
  if (!navigator.mediaDevices) {
    failed(new Error(noMicrophone(location, isSecureContext) || "This browser has no access to a microphone."));
    return;
  }
  starting = true;
  status("starting", words("starting"));
  arrange();
  let local = null;
  try {
    meter.listen();
    const opened = await capture(client.devices, $("camera").checked);
    local = opened.local;
    const next = await steps({ local, video: local.getVideoTracks().length > 0, receiveVideo: true });
    if (next) begin(next);
    else for (const track of local.getTracks()) track.stop();
    if (next && opened.without) stage.say(opened.without);
  } catch (error) {
    for (const track of local?.getTracks() ?? []) track.stop();
    failed(local ? error : new Error(trouble("microphone", error)));
  } finally {
    starting = false;
    arrange();
  }
}

// measure has a meter show a stream, instead of what it showed.
function measure(which, stream) {
  meters.get(which)?.();
  meters.set(which, meter.show($(`level-${which}`), stream));
}

// picked is told when another device was chosen, or could not be had.
function picked(kind, error) {
  $("devices-hint").textContent = error ? trouble(kind, error) : "";
  if (!error && kind === "microphone" && call) measure("local", call.local);
}

function begin(next) {
  ({ call, name, room } = { room: null, ...next });
  const own = call;
  measure("local", own.local);
  pickers.refresh(); // the devices have names now
  own.streams.forEach(take);
  own.on("stream", take);
  stage.begin(own, here);
  talk.begin(client, own);
  own.on("participants", present);
  room?.on("participants", present);
  room?.on("event", (frame) => { if (frame.event === "levels") speak(frame.levels ?? []); });
  present();
  own.on("state", (now) => { if (call === own) follow(now); });
  arrange();
  $("hangup").focus();
  follow({ state: own.state, cause: own.cause });
}

function follow({ state, cause }) {
  const shown = state === "reconnecting" ? "interrupted" : state;
  status(shown, words(shown === "active" && waits() ? "waiting" : shown, name, cause));
  arrange();
  if (state === "ended" || state === "failed") finish();
}

// take plays what comes.
function take(stream) {
  if (stream.getAudioTracks().length === 0 || player.plays) return;
  player.play(stream);
  measure("remote", stream);
}

// here is who is in the room, or the call.
const here = () => (room ? room.participants : call?.body?.participants ?? []);

// waits tells whether we are in front of a room that nobody moderates yet.
const waits = () => here().find((p) => p.id === room?.participantId)?.state === "waiting";

function present() {
  people($("people"), here(), client?.user ?? "", room?.participantId, speaking);
  stage.named();
  if (room && call?.state === "active") status("active", words(waits() ? "waiting" : "active", name));
}

// speak marks who speaks, of whom levels are told.
function speak(levels) {
  const now = new Set(levels.filter((l) => l.talking).map((l) => l.participant_id));
  if (now.size === speaking.size && [...now].every((id) => speaking.has(id))) return;
  speaking = now;
  stage.speaks(now);
  for (const item of $("people").children) item.toggleAttribute("data-speaking", now.has(item.dataset.participant));
}

// hangUp leaves the call; the server is told meanwhile.
function hangUp() {
  const own = call;
  if (!own) return;
  status("ended", words("ended"));
  finish();
  own.hangUp().catch(warn("end"));
}

function finish() {
  for (const stop of meters.values()) stop();
  meters.clear();
  call = room = null;
  speaking = new Set();
  stage.end();
  talk.end();
  $("people").replaceChildren();
  player.stop();
  showMuted();
  arrange();
  refresh();
  $("dial-target").focus();
}

function showMuted() { $("mute").setAttribute("aria-pressed", String(Boolean(call?.muted))); }
function tick() {
  $("duration").textContent = call?.since ? duration(Date.now() - call.since) : "";
}
setInterval(tick, 500);

// dial calls an endpoint, or enters the room that has the number, as a phone would.
function dial(text) {
  const target = text.trim();
  return make(async (options) => {
    let none = null; // why the first is not to be had
    for (const endpoint of participants(target)) {
      try {
        return { call: await client.call(endpoint, options), name: target };
      } catch (error) {
        if (error.status !== 404) throw error;
        none ??= error;
      }
    }
    const known = (await client.rooms.list()).find((r) => r.number === target);
    if (!known) throw none;
    return enter(known, target, options);
  });
}

// ---- rooms

// join enters a room that exists; one of a new name or number is made when asked for.
function join(text, create) {
  const wanted = text.trim();
  return make(async (options) => {
    let found = roomNamed(await client.rooms.list(), wanted);
    if (!found && create) found = await client.rooms.create({ name: wanted, ...(/^[0-9*#]+$/.test(wanted) && { number: wanted }) });
    offerCreation(found ? "" : wanted);
    if (!found) throw new Error(`There is no room “${wanted}”.`);
    return enter(found, wanted, options);
  });
}

// enter is a way into a room. One that asks for a PIN shows where to type it.
async function enter(found, text, options) {
  try {
    const joined = await client.rooms.join(found.id, { ...options, ...($("room-pin").value && { pin: $("room-pin").value }) });
    $("room-pin-row").hidden = true;
    $("room-pin").value = "";
    return { call: joined.call, room: joined, name: `room ${found.name || text}` };
  } catch (error) {
    if (asksPIN(error)) {
      $("room-pin-row").hidden = false;
      $("room").value = text;
      setTimeout(() => $("room-pin").focus()); // when it may be typed in again
    }
    throw error;
  }
}

function offerCreation(text) {
  const button = $("create-room");
  button.hidden = text === "";
  button.textContent = `Create the room “${text}” and join`;
}

// ---- incoming calls and the list

function ring(of) {
  if (client !== of) return;
  const next = of.incoming[0] ?? null;
  if (incoming?.id === next?.id) return;
  incoming = next;
  bell(incoming !== null);
  if (incoming) $("caller").textContent = incoming.caller || "somebody";
  arrange();
  if (incoming && !call) $("accept").focus();
}

function accept() {
  const ringing = incoming;
  if (!ringing) return null;
  bell(false);
  hangUp();
  return make(async (options) => {
    const taken = { call: await ringing.accept(options), name: ringing.caller || "somebody" };
    ring(client);
    return taken;
  });
}

async function decline() {
  const ringing = incoming;
  const declining = ringing.decline();
  ring(client);
  await declining.catch(failed);
}

// refresh reads my calls and the rooms, and again in a while.
async function refresh() {
  clearTimeout(refreshing);
  const asked = client;
  if (!asked) return;
  try {
    const [calls, known] = await Promise.all([asked.list(), call ? rooms : asked.rooms.list()]);
    if (client !== asked) return;
    if (unreachable && !call && !starting) status("idle", words("idle"));
    unreachable = false;
    rooms = known;
    suggest($("rooms"), rooms);
    list($("calls"), mine(calls, asked.user), asked.user, rooms, end);
    ring(asked);
  } catch (error) {
    if (client !== asked) return;
    if (error.status === 401) {
      signOut(error.message);
      return;
    }
    unreachable = true;
    if (!call && !starting) status("failed", `The server cannot be reached: ${error.message}`);
  }
  refreshing = setTimeout(refresh, 2000);
}

function end(c) {
  if (call?.id === c.id) hangUp();
  else client.api.request("POST", `/calls/${c.id}/end`).catch(failed);
}

// ---- buttons

function onSubmit(id, action) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    action();
  });
}

onSubmit("sign-in-form", () => signIn($("token").value.trim()));
onSubmit("dial-form", () => dial($("dial-target").value));
onSubmit("room-form", () => join($("room").value, false));
$("create-room").addEventListener("click", () => join($("room").value, true));
$("room").addEventListener("input", () => { offerCreation(""); $("room-pin-row").hidden = true; });
$("sign-out").addEventListener("click", () => signOut());
$("accept").addEventListener("click", accept);
$("decline").addEventListener("click", decline);
$("hangup").addEventListener("click", hangUp);
$("mute").addEventListener("click", async () => {
  const said = call?.mute(!call.muted).catch(warn("mute"));
  for (const when of [null, said]) { await when; showMuted(); } // a moderator may have had the last word
});
keypad($("dtmf"), () => call !== null, (digit) => call.sendDigits(digit).catch(warn("dtmf")));

$("insecure").textContent = noMicrophone(location, isSecureContext);
$("insecure").hidden = isSecureContext;
const token = tokenIn(location.hash) || sessionStorage.getItem(stored);
if (location.hash) history.replaceState(null, "", location.pathname + location.search);
if (token) signIn(token);
else $("token").focus();
