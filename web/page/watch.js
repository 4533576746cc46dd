// The page that watches a room.

import { watched } from "./link.js";
import { Player as Sound } from "./sound.js";
import { Player } from "./whep.js";

const $ = (id) => document.getElementById(id);
const words = {
  connecting: "Connecting …", connected: "", interrupted: "Interrupted, looking for another path …", ended: "The end.",
};

const link = watched(location.hash);
const sound = new Sound($("picture"), $("hear"));
let player = null;
let again = 0;

function status(state, text) {
  $("status").dataset.state = state;
  $("status").textContent = text;
}

// begin watches; what it is refused for now is tried again.
async function begin(room, token, pin) {
  clearTimeout(again);
  player?.stop();
  const query = new URLSearchParams();
  if (pin) query.set("pin", pin);
  if (link.participant) query.set("participant", link.participant);
  const own = player = new Player(`/api/v1/voip/rooms/${encodeURIComponent(room)}/whep?${query}`, {
    token, state: (state) => { if (player === own) status(state, words[state]); },
  });
  $("room-form-section").hidden = true;
  try {
    await own.start();
    sound.play(own.stream);
  } catch (error) {
    if (player !== own) return;
    own.stop();
    if ([409, 429, 503].includes(error.status)) {
      const after = Math.max(error.after, 5000);
      status("waiting", `${error.message}: trying again in ${Math.round(after / 1000)} s`);
      again = setTimeout(() => begin(room, token, pin), after);
      return;
    }
    status("failed", error.message);
    if (error.status === 401) sessionStorage.removeItem(kept.token);
    if (error.status === 403) sessionStorage.removeItem(kept.pin);
    ask(room, error.status === 401 ? "" : token);
  }
}

// ask asks for what the link has not said, or what was refused.
function ask(room, token) {
  $("room").value = room;
  $("token").value = token;
  $("room-form-section").hidden = false;
}

$("room-form").addEventListener("submit", (event) => {
  event.preventDefault();
  begin($("room").value.trim(), $("token").value.trim(), $("pin").value.trim());
});
addEventListener("pagehide", () => player?.stop());
addEventListener("hashchange", () => location.reload());

// Token and PIN stay in this tab, for when it is loaded again, and in no address: not in its bar, nor
// in what is kept, or shared, of it.
const kept = { token: "skybridge.watch.token", pin: `skybridge.watch.pin.${link.room}` };
for (const name of ["token", "pin"]) if (link[name]) sessionStorage.setItem(kept[name], link[name]);
if (location.hash) history.replaceState(null, "", location.pathname + location.search + link.kept);
const token = sessionStorage.getItem(kept.token) ?? sessionStorage.getItem("skybridge.token") ?? "";
if (link.room && token) {
  begin(link.room, token, sessionStorage.getItem(kept.pin) ?? "");
} else {
  status("waiting", "");
  ask(link.room, token);
}
