package quirk

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := New(slog.New(slog.NewTextHandler(&out, nil)))
		peer := netip.MustParseAddrPort("192.0.2.1:5060")
		for range 1000 {
			l.Note("malformed", peer, errors.New(strings.Repeat("x", 1000)))
		}
		time.Sleep(time.Second)
		l.Note("malformed", netip.AddrPort{}, errors.New("y"))
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], "peer=192.0.2.1:5060") || len(lines[0]) > 400 ||
			!strings.Contains(lines[1], "left_out=999") || strings.Contains(lines[1], "peer=") {
			t.Errorf("logged\n%s", out.String())
		}
		out.Reset()
		for i := range 1000 { // kinds that a peer could make up have a limit too
			l.Note(fmt.Sprint(i), peer, errors.New("z"))
		}
		if n := strings.Count(out.String(), "\n"); n >= maxKinds {
			t.Errorf("%d kinds", n)
		}
	})
}
