package cli_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/ban"
	"github.com/skygenesisenterprise/skybridge/sip/screen"
)

// bans are some that a test lists; whoever ends one is noted.
type bans struct {
	list  []ban.Ban
	ended []string
	err   error
}

func (b *bans) Bans() []ban.Ban { return b.list }

func (b *bans) Unban(_ context.Context, a netip.Addr, by string) error {
	b.ended = append(b.ended, a.String()+" by "+by)
	return b.err
}

func (b *bans) Stats() screen.Stats { return screen.Stats{Banned: 12, Limited: 3} }

func TestBans(t *testing.T) {
	r := newRig(t)
	b := &bans{}
	r.Bans = b
	if got := r.ask("show bans"); got != "0 bans. Not read so far: 12 messages and connections of the banned, 3 messages over a source's rate.\n" {
		t.Error(got)
	}
	since := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	b.list = []ban.Ban{
		{Network: netip.MustParsePrefix("2001:db8::/64"), Since: since, Expires: since.Add(time.Hour), Times: 3, Reason: "unknown users"},
		{Network: netip.MustParsePrefix("198.51.100.7/32"), Since: since, Expires: since.Add(5 * time.Minute), Times: 1, Reason: "wrong passwords"},
	}
	r.layout("show-bans", "show bans")
	for line, want := range map[string]string{
		"unban 198.51.100.7":    "198.51.100.7 is not banned any more.\n",
		"unban 198.51.100.7/32": "198.51.100.7 is not banned any more.\n",
		"unban 2001:db8::1":     "2001:db8::1 is not banned any more.\n",
		"unban everybody":       "\"everybody\" is no address.\n",
		"unban":                 "Usage: unban ADDRESS\n",
	} {
		if got := r.ask(line); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
	if len(b.ended) != 3 {
		t.Error(b.ended)
	}
	b.err = fault.New(fault.NotFound, "none")
	if got := r.ask("unban ::1"); got != "::1 is not banned.\n" {
		t.Error(got)
	}
	b.err = errors.New("no disk")
	if got := r.ask("unban ::1"); got != "::1 is not banned any more, but will be after a restart: no disk\n" {
		t.Error(got)
	}
}
