package peer

import (
	"fmt"
	"testing"
)

// PageState waits for the status line of the server's own page.
func (b *Browser) PageState(t testing.TB, want string) {
	t.Helper()
	Eventually(t, "the page is "+want, func() error {
		if got := Eval[string](t, b, `document.querySelector("#status").dataset.state`); got != want {
			return fmt.Errorf("%s: %s", got, Eval[string](t, b, `document.querySelector("#status").textContent`))
		}
		return nil
	})
}

// Click presses a button by its id.
func (b *Browser) Click(t testing.TB, id string) {
	t.Helper()
	Eval[bool](t, b, fmt.Sprintf(`(() => { document.querySelector("#%s").click(); return true })()`, id))
}

// Fill types into a field by its id.
func (b *Browser) Fill(t testing.TB, id, text string) {
	t.Helper()
	Eval[bool](t, b, fmt.Sprintf(`(() => {
		const field = document.querySelector("#%s");
		field.value = %q;
		field.dispatchEvent(new Event("input", { bubbles: true }));
		return true;
	})()`, id, text))
}
