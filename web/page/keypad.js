// The keypad: its buttons, and digits typed anywhere but into a field.

// keypad has press called with the digits that are meant for the call; talking tells whether there is
// one.
export function keypad(element, talking, press) {
  element.addEventListener("click", ({ target }) => {
    if (talking() && target.dataset.digit) press(target.dataset.digit);
  });
  document.addEventListener("keydown", (event) => {
    if (!talking() || event.ctrlKey || event.altKey || event.metaKey || event.target instanceof HTMLInputElement) return;
    if (/^[0-9*#]$/.test(event.key)) press(event.key);
  });
}
