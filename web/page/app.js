// The page: what is shown, and what its buttons do.

import { Api } from "./api.js";
import { Call } from "./call.js";
import * as meter from "./meter.js";
import { callerOf, duration, mine, noMicrophone, participant, ringingFor, roomNamed, title, tokenIn, userOf, words } from "./model.js";

const $ = (id) => document.getElementById(id);
const stored = "skybridge.token";

let api = null;
let user = "";
let call = null;       // the Call under way
let starting = false;  // one is being made
let incoming = null;   // the call that rings for us, as the server has it
let rooms = [];        // as last read
let meters = [];
let refreshing = 0;
let unreachable = false;
const declined = new Set();

function status(state, text) {
  const line = $("status");
  line.dataset.state = state;
  if (line.textContent !== text) line.textContent = text;
}

function failed(error) {
  status("failed", error.message);
  if (error.status === 401) signOut(error.message);
}

// arrange shows the buttons that make sense now.
function arrange() {
  const inCall = call !== null;
  for (const id of ["dial-target", "dial", "room", "join", "create-room", "accept"]) $(id).disabled = inCall || starting;
  $("dial-form").hidden = inCall;
  $("room-form").hidden = inCall;
  $("controls").hidden = !inCall;
  $("incoming").hidden = incoming === null || inCall;
}

// ---- signing in

async function signIn(token) {
  api = new Api(token);
  try {
    await api.calls();
  } catch (error) {
    signOut(error.message);
    return;
  }
  sessionStorage.setItem(stored, token);
  user = userOf(token);
  $("user").textContent = user || "API key";
  $("token").value = "";
  for (const id of ["account", "call", "my-calls"]) $(id).hidden = false;
  $("signed-out").hidden = true;
  status("idle", words("idle"));
  arrange();
  $("dial-target").focus();
  refresh();
}

function signOut(why) {
  if (call) call.hangUp();
  clearTimeout(refreshing);
  sessionStorage.removeItem(stored);
  api = null;
  incoming = null;
  for (const id of ["account", "call", "my-calls", "incoming"]) $(id).hidden = true;
  $("signed-out").hidden = false;
  $("token-hint").textContent = why || "You are signed out.";
  status("signed-out", "");
  $("token").focus();
}

// ---- making calls

// make runs the steps to a call: the microphone first, since nobody's phone should
// ring when there is none.
async function make(steps) {
  if (call || starting) return;
  if (!navigator.mediaDevices) {
    failed(new Error(noMicrophone(location, isSecureContext) || "This browser has no access to a microphone."));
    return;
  }
  starting = true;
  status("starting", words("starting"));
  arrange();
  let microphone = null;
  try {
    meter.listen();
    microphone = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    const { id, name, iceServers } = await steps();
    begin(new Call(api, id, name, microphone, iceServers));
  } catch (error) {
    for (const track of microphone?.getTracks() ?? []) track.stop();
    failed(microphone || error.name === "ApiError" ? error : new Error(`No microphone: ${error.message}`));
  } finally {
    starting = false;
    arrange();
  }
}

function begin(next) {
  call = next;
  meters.push(meter.show($("level-local"), call.microphone));
  call.addEventListener("stream", ({ detail: stream }) => {
    $("remote-audio").srcObject = stream;
    meters.push(meter.show($("level-remote"), stream));
  });
  call.addEventListener("state", ({ detail: { state, cause } }) => {
    status(state, words(state, call.name, cause));
    if (state === "ended" || state === "failed") finish();
  });
  status(call.state, words(call.state, call.name));
  arrange();
  call.start();
  $("hangup").focus();
}

function finish() {
  for (const stop of meters) stop();
  meters = [];
  call = null;
  $("remote-audio").srcObject = null;
  $("mute").setAttribute("aria-pressed", "false");
  arrange();
  refresh();
  $("dial-target").focus();
}

function tick() {
  $("duration").textContent = call?.since ? duration(Date.now() - call.since) : "";
}
setInterval(tick, 500);

// dial calls an endpoint, or enters the room that has the number, as a phone would.
function dial(text) {
  const target = text.trim();
  return make(async () => {
    try {
      const made = await api.createCall([participant(target)]);
      return { id: made.id, name: target, iceServers: made.ice_servers };
    } catch (error) {
      const room = error.status === 404 && (await api.rooms()).find((r) => r.number === target);
      if (!room) throw error;
      return enter(room, target);
    }
  });
}

// ---- rooms

// join enters a room that exists; one of a new name or number is made when asked for.
function join(text, create) {
  const name = text.trim();
  return make(async () => {
    let room = roomNamed(await api.rooms(), name);
    if (!room && create) room = await api.createRoom(name, /^[0-9*#]+$/.test(name) ? name : undefined);
    offerCreation(room ? "" : name);
    if (!room) throw new Error(`There is no room “${name}”.`);
    return enter(room, name);
  });
}

// enter is a way into a room. One that asks for a PIN shows where to type it.
async function enter(room, name) {
  try {
    const joined = await api.joinRoom(room.id, $("room-pin").value);
    $("room-pin-row").hidden = true;
    $("room-pin").value = "";
    return { id: joined.call_id, name: `room ${room.name || name}`, iceServers: joined.ice_servers };
  } catch (error) {
    if (error.status === 403) {
      $("room-pin-row").hidden = false;
      $("room").value = name;
    }
    throw error;
  }
}

function offerCreation(name) {
  const button = $("create-room");
  button.hidden = name === "";
  button.textContent = `Create the room “${name}” and join`;
}

// ---- incoming calls and the list

function ring(next) {
  if (incoming?.id === next?.id) return;
  incoming = next;
  if (incoming) $("caller").textContent = callerOf(incoming);
  arrange();
  if (incoming && !call) $("accept").focus();
}

function accept() {
  const { id, ice_servers: iceServers } = incoming;
  const name = callerOf(incoming);
  ring(null);
  return make(async () => {
    const taken = await api.accept(id);
    return { id, name, iceServers: taken?.ice_servers ?? iceServers };
  });
}

async function decline() {
  const { id } = incoming;
  declined.add(id);
  ring(null);
  await api.end(id).catch(failed);
}

// refresh reads my calls and the rooms, and again in a while.
async function refresh() {
  clearTimeout(refreshing);
  const asked = api;
  if (!asked) return;
  try {
    const [calls, known] = await Promise.all([asked.calls(), call ? rooms : asked.rooms()]);
    if (api !== asked) return;
    if (unreachable && !call && !starting) status("idle", words("idle"));
    unreachable = false;
    rooms = known;
    suggest();
    list(mine(calls, user));
    ring(call || starting ? null : ringingFor(calls.filter((c) => !declined.has(c.id)), user));
  } catch (error) {
    if (api !== asked) return;
    if (error.status === 401) {
      signOut(error.message);
      return;
    }
    unreachable = true;
    if (!call && !starting) status("failed", `The server cannot be reached: ${error.message}`);
  }
  refreshing = setTimeout(refresh, 2000);
}

function list(calls) {
  const items = calls.map((c) => {
    const item = document.createElement("li");
    item.dataset.call = c.id;
    item.dataset.status = c.status;
    const text = document.createElement("span");
    const name = title(c, user, rooms);
    text.textContent = `${name} – ${c.status}`;
    const end = document.createElement("button");
    end.type = "button";
    end.className = "quiet";
    end.textContent = "End";
    end.setAttribute("aria-label", `End the call with ${name}`);
    end.addEventListener("click", () => (call?.id === c.id ? call.hangUp() : api.end(c.id).catch(failed)));
    item.append(text, end);
    return item;
  });
  // Elements are only replaced when something changed, so that focus stays.
  const mark = (nodes) => [...nodes].map((n) => n.dataset.call + n.textContent).join();
  if (mark(items) !== mark($("calls").children)) $("calls").replaceChildren(...items);
}

function suggest() {
  const options = rooms.map((r) => {
    const option = document.createElement("option");
    option.value = r.number || r.name;
    option.textContent = r.name;
    return option;
  });
  $("rooms").replaceChildren(...options);
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
$("hangup").addEventListener("click", () => call?.hangUp());
$("mute").addEventListener("click", () => {
  const on = $("mute").getAttribute("aria-pressed") !== "true";
  $("mute").setAttribute("aria-pressed", String(on));
  call?.mute(on);
});
$("dtmf").addEventListener("click", ({ target }) => {
  if (target.dataset.digit) call?.digit(target.dataset.digit);
});
// Digits typed anywhere but into a field are keypad presses during a call.
document.addEventListener("keydown", (event) => {
  if (!call || event.ctrlKey || event.altKey || event.metaKey || event.target instanceof HTMLInputElement) return;
  if (/^[0-9*#]$/.test(event.key)) call.digit(event.key);
});
addEventListener("pagehide", () => call?.hangUp());

$("insecure").textContent = noMicrophone(location, isSecureContext);
$("insecure").hidden = isSecureContext;
const token = tokenIn(location.hash) || sessionStorage.getItem(stored);
if (location.hash) history.replaceState(null, "", location.pathname + location.search);
if (token) signIn(token);
else $("token").focus();
