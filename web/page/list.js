// The lists: calls, who is in one, and the rooms that are suggested.

import { person, title } from "./model.js";

// list shows calls in an element; end is what their buttons do.
export function list(element, calls, user, rooms, end) {
  const items = calls.map((c) => {
    const item = document.createElement("li");
    item.dataset.call = c.id;
    item.dataset.status = c.status;
    const text = document.createElement("span");
    const who = title(c, user, rooms);
    text.textContent = `${who} – ${c.status}`;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = "End";
    button.setAttribute("aria-label", `End the call with ${who}`);
    button.addEventListener("click", () => end(c));
    item.append(text, button);
    return item;
  });
  // Elements are only replaced when something changed, so that focus stays.
  const mark = (nodes) => [...nodes].map((n) => n.dataset.call + n.textContent).join();
  if (mark(items) !== mark(element.children)) element.replaceChildren(...items);
}

// suggest offers rooms to who types.
export function suggest(element, rooms) {
  element.replaceChildren(...rooms.map((r) => {
    const option = document.createElement("option");
    option.value = r.number || r.name;
    option.textContent = r.name;
    return option;
  }));
}

// people shows who is here, and who of them speaks. own is the id of one's own participant.
export function people(element, all, user, own, speaking) {
  element.replaceChildren(...all.filter((p) => p.state !== "left").map((p) => {
    const item = document.createElement("li");
    item.textContent = person(p, user, own);
    item.dataset.participant = p.id;
    item.toggleAttribute("data-speaking", speaking.has(p.id));
    return item;
  }));
}
