// Package browsers_test holds the started server against Firefox, as the other packages do
// against Chromium: its calls with phones and with Chromium, and what it sees and shows.
package browsers_test

import (
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// state waits for the page's status line.
func state(t *testing.T, b *peer.Browser, want string) {
	t.Helper()
	peer.Eventually(t, "the page is "+want, func() error {
		if got := peer.Eval[string](t, b, `document.querySelector("#status").dataset.state`); got != want {
			return fmt.Errorf("%s: %s", got, peer.Eval[string](t, b, `document.querySelector("#status").textContent`))
		}
		return nil
	})
}

func click(t *testing.T, b *peer.Browser, id string) {
	t.Helper()
	peer.Eval[bool](t, b, fmt.Sprintf(`(() => { document.querySelector("#%s").click(); return true })()`, id))
}

func fill(t *testing.T, b *peer.Browser, id, text string) {
	t.Helper()
	peer.Eval[bool](t, b, fmt.Sprintf(`(() => {
		const field = document.querySelector("#%s");
		field.value = %q;
		field.dispatchEvent(new Event("input", { bubbles: true }));
		return true;
	})()`, id, text))
}
