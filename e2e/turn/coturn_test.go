package turn_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// client is coturn's, as a user of the test's name, with a colon. Over UDP it gives no
// relay back.
func (l *lab) client(t *testing.T, args ...string) string {
	t.Helper()
	_, user, _ := strings.Cut(strings.ReplaceAll(t.Name(), ",", ""), "/")
	return peer.Uclient(t, append([]string{"-W", secret, "-u", user + ":x", "-n", "3", "-p", strconv.Itoa(l.turn)}, append(args, "127.0.0.1")...)...)
}

// Coturn's client reaches nobody on this machine or in a network behind it, by channels,
// by Send, over TCP or TLS; it has no relay with a wrong secret, or over TCP.
func TestCoturnsClientIsRefused(t *testing.T) {
	l := open(t, map[string]string{"webrtc.listen": "127.0.0.2:0"})
	echo := strconv.Itoa(peer.UDPEcho(t))
	for name, ca := range map[string]struct {
		args []string
		want string
	}{
		"loopback":          {[]string{"-c", "-e", "127.0.0.1", "-r", echo}, "channel bind: error 403"},
		"loopback by Send":  {[]string{"-c", "-s", "-e", "127.0.0.1", "-r", echo}, "create permission error 403"},
		"loopback over TCP": {[]string{"-c", "-t", "-e", "127.0.0.1", "-r", echo}, "channel bind: error 403"},
		"loopback over TLS": {[]string{"-c", "-t", "-S", "-p", strconv.Itoa(l.tls), "-e", "127.0.0.1", "-r", echo}, "channel bind: error 403"},
		"unspecified":       {[]string{"-c", "-s", "-e", "0.0.0.0", "-r", echo}, "create permission error 403"},
		"private":           {[]string{"-c", "-e", "10.1.2.3"}, "channel bind: error 403"},
		"metadata":          {[]string{"-c", "-e", "169.254.169.254"}, "channel bind: error 403"},
		"another relay":     {[]string{"-c", "-y"}, "channel bind: error 403"},
		"relays over TCP":   {[]string{"-T"}, "error 508"},
		"a wrong secret":    {[]string{"-c", "-e", "127.0.0.1", "-W", secret + "x"}, "error 400"},
	} {
		t.Run(name, func(t *testing.T) {
			if said := l.client(t, ca.args...); !strings.Contains(said, ca.want) {
				t.Errorf("%v: no %q:\n%s", ca.args, ca.want, said)
			}
		})
	}
}

// What the operator allows coturn's client reaches, in all ways, and nothing is lost; it
// has as many relays as a user may have.
func TestCoturnsClientIsServed(t *testing.T) {
	l := open(t, map[string]string{"webrtc.listen": "127.0.0.2:0", "turn.allow_peers": "127.0.0.1/32", "turn.per_user": "4"})
	echo := strconv.Itoa(peer.UDPEcho(t))
	for name, args := range map[string][]string{
		"UDP":                  {"-c"},
		"UDP, Send":            {"-c", "-s"},
		"UDP, a pair of ports": {},
		"TCP":                  {"-c", "-t"},
		"TLS":                  {"-c", "-t", "-S", "-p", strconv.Itoa(l.tls)},
		"from relay to relay":  {"-c", "-y"},
		"more requests":        {"-c", "-G"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := l.client(t, append(args, "-e", "127.0.0.1", "-r", echo)...)
			all := counts.FindAllStringSubmatch(said, -1)
			if len(all) == 0 {
				t.Fatalf("nothing was counted:\n%s", said)
			}
			if last := all[len(all)-1]; last[1] == "0" || last[1] != last[2] {
				t.Errorf("%s sent, %s came back:\n%s", last[1], last[2], said)
			}
		})
	}
	t.Run("one too many", func(t *testing.T) {
		if said := l.client(t, "-c", "-m", "5", "-e", "127.0.0.1", "-r", echo); strings.Count(said, "Received relay addr") != 4 || !strings.Contains(said, "error 486") {
			t.Errorf("of five it has not four:\n%s", said)
		}
	})
}

// counts are what coturn's client says of its messages.
var counts = regexp.MustCompile(`tot_send_msgs=(\d+), tot_recv_msgs=(\d+)`)
