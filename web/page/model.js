// What the page knows about calls and rooms, without the page: functions of plain
// values only.

// participants are the endpoints that a dialled text may mean, the likeliest first: "1001" is a
// phone, "anna" a phone or somebody at a browser, anything with a slash already is an endpoint.
export function participants(text) {
  const target = text.trim();
  if (target.includes("/")) return [target];
  return /^[0-9*#+]+$/.test(target) ? [`SIP/${target}`] : [`SIP/${target}`, `WebRTC/${target}`];
}

// tokenIn takes the token out of a link's fragment ("#token=…"), or gives "".
export function tokenIn(fragment) {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("token") ?? "";
}

// roomNamed finds a room by its number, its name without regard to case, or its id.
export function roomNamed(rooms, text) {
  const want = text.trim();
  return rooms.find((r) => r.number === want)
    ?? rooms.find((r) => r.id === want)
    ?? rooms.find((r) => r.name?.toLowerCase() === want.toLowerCase())
    ?? null;
}

// others names the other parties of a call.
export function others(call, user) {
  const names = (call.participants ?? [])
    .filter((p) => !user || p.user_id !== user)
    .map((p) => p.user_id || p.endpoint);
  if (names.length > 0) return names.join(", ");
  return call.created_by && call.created_by !== user ? call.created_by : "nobody else";
}

// mine keeps the calls that a user has a part in; an administrator is shown all by
// the server. Without a user every call is.
export function mine(calls, user) {
  if (!user) return calls;
  return calls.filter((c) => c.created_by === user || c.participants?.some((p) => p.user_id === user));
}

// title names a call for its own parties: the room, or the others.
export function title(call, user, rooms) {
  if (!call.room_id) return others(call, user);
  const room = rooms.find((r) => r.id === call.room_id);
  return `room ${room?.name || room?.number || ""}`.trim();
}

// person names a participant of a call or room, and says what there is to know. own is the id of
// one's own participant, "" where that is not known: a user may be there twice.
export function person(p, user, own = "") {
  const name = p.user_id || p.endpoint || "somebody";
  const said = [];
  if (own ? p.id === own : user && p.user_id === user) said.push("you");
  if (p.state && p.state !== "connected") said.push(p.state);
  if (p.role === "moderator") said.push("moderator");
  if (p.muted) said.push("muted");
  return said.length > 0 ? `${name} (${said.join(", ")})` : name;
}

// seenAs names what a participant shows.
export function seenAs(people, participant, kind) {
  const found = people.find((p) => p.id === participant);
  const name = found?.user_id || found?.endpoint || "Somebody";
  return kind === "screen" ? `${name}’s screen` : name;
}

// sharing says why a screen cannot be shared now; "" when it can. accepted is whether the
// server takes video, null while that is unknown; able whether the browser can.
export function sharing(accepted, able) {
  if (!able) return "This browser cannot share its screen.";
  if (accepted === null) return "Whether the server takes video shows when the call is connected.";
  return accepted ? "" : "This server takes no video in this call.";
}

// words says a call's state.
export function words(state, name, cause) {
  switch (state) {
    case "starting": return "Starting…";
    case "initiated": return `Calling ${name}…`;
    case "ringing": return `${name} is ringing…`;
    case "active": return `Connected to ${name}`;
    case "waiting": return `Waiting for a moderator of ${name}: there is music until one comes.`;
    case "interrupted": return "The connection is interrupted, trying again…";
    case "ended": return cause ? `The call has ended: ${cause}` : "The call has ended.";
    case "idle": return "Ready.";
    default: return cause ?? "";
  }
}

// noMicrophone says why a browser keeps the microphone from a page of plain HTTP, and
// what to do; "" where it does not. place is the page's location, secure whether the
// browser trusts it.
export function noMicrophone(place, secure) {
  if (secure) return "";
  return `The browser keeps the microphone from pages of plain HTTP, and this one came from ${place.host} so. `
    + "Let the server serve HTTPS (api.tls: true) and open the page over it, "
    + `or open it on the server's own machine as localhost${place.port ? `:${place.port}` : ""}.`;
}

// trouble says why there is no microphone, camera or screen: the errors of getUserMedia.
export function trouble(kind, error) {
  switch (error.name) {
    case "NotAllowedError": return `The browser does not give this page the ${kind}: allow it beside the page’s address, or in the system’s settings.`;
    case "NotFoundError": return `The browser finds no ${kind}.`;
    case "NotReadableError": case "AbortError": return `The ${kind} cannot be used: another program may have it.`;
    case "OverconstrainedError": return `The ${kind} that was chosen is not there.`;
    default: return error.message;
  }
}

// asksPIN tells whether a room refuses for want of the right PIN.
export function asksPIN(error) {
  return error.status === 403 && (error.problem?.errors ?? []).some((e) => e.location === "body.pin");
}

// duration is a time as minutes and seconds.
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// loudness is the level of samples from -1 to 1 as a meter shows it: 0 at -60 dBFS, 1 at
// full scale.
export function loudness(samples) {
  let sum = 0;
  for (const x of samples) sum += x * x;
  const rms = Math.sqrt(sum / samples.length);
  if (rms < 0.001) return 0;
  return Math.min(1, 1 + Math.log10(rms) / 3);
}
