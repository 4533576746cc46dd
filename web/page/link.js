// What the link to the page that watches says: #ROOM&token=…&pin=…&participant=….

// watched takes such a link's fragment apart. kept is the fragment without what nobody else is to
// read, for the address that stays.
export function watched(fragment) {
  const [room, ...rest] = fragment.replace(/^#/, "").split("&");
  const said = new URLSearchParams(rest.join("&"));
  const participant = said.get("participant") ?? "";
  return {
    room: plain(room), token: said.get("token") ?? "", pin: said.get("pin") ?? "", participant,
    kept: `#${room}${participant && `&participant=${encodeURIComponent(participant)}`}`,
  };
}

// plain is a text without its escapes; one that has none but a % is what it is.
function plain(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
