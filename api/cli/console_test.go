package cli_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

const sameLength = "00000000-0000-0000-0000-000000000000"

func TestLayouts(t *testing.T) {
	r := newRig(t)
	r.layout("channels-none", "core show channels")
	r.layout("endpoints-none", "pjsip show endpoints")
	id := r.call()
	second := r.Engine.NewBridge(signaling.BridgeConfig{Name: "9000", Creator: "ConfBridge", AlwaysMix: true})
	defer second.Close()
	random := []string{id, sameLength, string(second.ID()), strings.ReplaceAll(sameLength, "0", "1")}
	r.layout("channels", "core show channels", random...)
	r.layout("channels-verbose", "core show channels verbose", append(random, id[:20], sameLength[:20])...)
	r.layout("channels-concise", "core show channels concise", random...)
	r.layout("channels-count", "core show channels count")
	r.layout("channel", "core show channel PJSIP/1001-00000000", random...)
	r.layout("channel-called", "core show channel PJSIP/1002-00000001")
	r.layout("calls", "core show calls")
	r.layout("calls-uptime", "core show calls uptime")
	r.layout("bridges", "bridge show all", random...)
	r.layout("bridge", "bridge show "+id, random...)
	r.layout("dialplan", "dialplan show")
	r.layout("dialplan-context", "dialplan show internal")
	r.layout("dialplan-pattern", "dialplan show 9123@internal")
	r.layout("dialplan-hint", "dialplan show 1001@internal")
	r.layout("dialplan-include", "dialplan show s@internal")
	r.layout("applications", "core show applications")
	r.layout("codecs", "core show codecs")
	r.layout("help", "core show help")

	r.tech.endpoints = []signaling.EndpointSnapshot{
		{
			Tech: "PJSIP", Name: "1001", CallerID: "1001", Context: "internal", Codecs: []string{"opus", "ulaw"}, Description: "Front desk",
			Contacts: []signaling.ContactSnapshot{{AOR: "1001", URI: "sip:1001@192.0.2.7:5060", Status: signaling.ContactAvailable, RTT: 12345 * time.Microsecond}},
		},
		{Tech: "PJSIP", Name: "1002", Context: "internal", Contacts: []signaling.ContactSnapshot{
			{AOR: "1002", URI: "sip:1002@[2001:db8::1]:5070;transport=tcp", Status: signaling.ContactNotQualified},
			{AOR: "1002-more", URI: "sip:1002@192.0.2.9", Status: signaling.ContactUnavailable},
		}},
		{Tech: "PJSIP", Name: "1003", Context: "internal"},
		{
			Tech: "PJSIP", Name: "pbx-with-a-name-that-is-rather-long-for-a-column-of-fifty-one", Context: "from-pbx", Trunk: true, Static: true,
			Registration: "Registered", Contacts: []signaling.ContactSnapshot{{AOR: "pbx", URI: "sip:pbx.example.com", Status: signaling.ContactUnavailable}},
		},
	}
	r.layout("endpoints", "pjsip show endpoints")
	r.layout("endpoint", "pjsip show endpoint 1001")
	r.layout("contacts", "pjsip show contacts")
	r.layout("endpoints-list", "pjsip list endpoints")
	r.layout("aors", "pjsip show aors")
	r.layout("aors-list", "pjsip list aors")
	r.layout("aor", "pjsip show aor 1001")
	r.layout("auths", "pjsip show auths")
	r.layout("transports", "pjsip show transports")
	r.layout("transport", "pjsip show transport transport-tls")
	r.layout("identifies", "pjsip show identifies")
	r.layout("phones", "pjsip show channels")
	r.layout("phone", "pjsip show channel PJSIP/1002-00000001")
	r.layout("hints", "core show hints")
	r.layout("hint", "core show hint 1001")
	r.layout("globals", "dialplan show globals")
	server, err := message.ParseURI("sip:pbx.example.com")
	must(t, err)
	at := began.Add(3725 * time.Second)
	r.registrations = []trunk.State{
		{Name: "pbx-registration-with-a-name-that-is-rather-long-too", Auth: "pbx", Server: server, Status: trunk.Registered, Expires: at.Add(123 * time.Second)},
		{Name: "b", Auth: "pbx", Server: server, Status: trunk.Unregistered, Next: at.Add(3 * time.Second)},
		{Name: "c", Server: server, Status: trunk.Rejected, Next: at.Add(-time.Second)},
		{Name: "d", Server: server, Status: trunk.Stopped},
	}
	r.layout("registrations", "pjsip show registrations")
	r.layout("peers", "sip show peers")
	r.layout("registry", "sip show registry")
}

// Columns begin where their headers do.
func TestColumnsStandBelowTheirHeaders(t *testing.T) {
	for file, columns := range map[string]struct {
		header, row string
		words       [][2]string // of the header and the row
	}{
		"endpoints": {" Endpoint:  <", " Endpoint:  1001", [][2]string{{"<Endpoint", "1001/1001"}, {"<State", "In use"}, {"<Channels", "1 of inf"}}},
		"contacts":  {"  Contact:  <", "  Contact:  1001", [][2]string{{"<Aor", "1001/sip"}, {"<Status>", "Avail"}}},
		"channels":  {"Channel ", "PJSIP/1001", [][2]string{{"Location", "1002@internal:2"}, {"State", "Up"}, {"Application(", "Dial("}}},
		"bridges":   {"Bridge-ID", sameLength, [][2]string{{"Name", "<unknown>"}, {"Type", "basic"}, {"Technology", "simple_bridge"}, {"Duration", "01:02:00"}}},
		"peers":     {"Name/username", "1001/1001", [][2]string{{"Host", "192.0.2.7"}, {"Dyn", "D"}, {"Port", "5060"}, {"Status", "OK (12 ms)"}, {"Description", "Front desk"}}},
	} {
		text, err := os.ReadFile(filepath.Join("testdata", file+".txt"))
		must(t, err)
		var header, row string
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, columns.header) && header == "" {
				header = line
			} else if strings.HasPrefix(line, columns.row) && row == "" {
				row = line
			}
		}
		for _, w := range columns.words {
			if i, j := strings.Index(header, w[0]), strings.Index(row, w[1]); i < 0 || i != j {
				t.Errorf("%s: %s begins at %d, %s at %d:\n%s%s", file, w[0], i, w[1], j, header, row)
			}
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	r := newRig(t)
	for line, want := range map[string]string{
		"":                               "",
		"  \t ":                          "",
		"no such thing":                  "No such command 'no such thing' (type 'core show help no' for other possible commands)\n",
		"core show nothing":              "No such command 'core show nothing' (type 'core show help core show nothing' for other possible commands)\n",
		"core":                           "No such command 'core' (type 'core show help core' for other possible commands)\n",
		"sip  show   registrations  now": "No such command 'sip show registrations now' (type 'core show help sip show registrations' for other possible commands)\n",
		"core show help nothing":         "No such command 'nothing' (type 'core show help nothing' for other possible commands)\n",
		"core show channel x":            "x is not a known channel\n",
		"core show channel":              "Usage: core show channel <channel>\n",
		"channel request hangup x":       "x is not a known channel\n",
		"channel request hangup":         "Usage: channel request hangup <channel>|<all>\n",
		"bridge show x":                  "Bridge 'x' not found\n",
		"bridge show":                    "Usage: bridge show <bridge-id>\n",
		"pjsip show endpoint x":          "Unable to find object x.\n\n",
		"pjsip show contacts":            "No objects found.\n\n",
		"pjsip show registrations":       "No objects found.\n\n",
		"dialplan show nowhere":          "There is no existence of 'nowhere' context\nCommand 'dialplan show nowhere' failed.\n",
		"dialplan show 42@internal":      "There is no existence of 42@internal extension\nCommand 'dialplan show 42@internal' failed.\n",
		"core show hint 77":              "No hints matching extension 77\n",
		"core show hint":                 "Usage: core show hint <exten>\n",
		"core show channels all":         "Usage: core show channels [concise|verbose|count]\n",
		"pjsip show channels":            "No objects found.\n\n",
		"pjsip show channelstats":        "No objects found.\n\n",
		"pjsip show channel x":           "Unable to find object x.\n\n",
		"pjsip show aor x":               "Unable to find object x.\n\n",
		"rtp show stats":                 "No objects found.\n\n",
		"rtp show quality":               "No objects found.\n\n",
		"rtp show srtp":                  "No objects found.\n\n",
		"rtp set stats":                  "Usage: rtcp set stats {on|off}\n",
		"confbridge list 9000":           "No conference bridge named '9000' found!\n",
		"core show channel \x1b[2J\a":    "?[2J? is not a known channel\n",
	} {
		if got := r.ask(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestCommandsThatDoSomething(t *testing.T) {
	r := newRig(t)
	for line, want := range map[string]string{
		"core waitfullybooted":     "Asterisk has fully booted.\n",
		"CORE Show VERSION":        "Skybridge 1.2.3\n",
		"core reload":              "Configuration reloaded.\n",
		"module reload":            "Configuration reloaded.\n",
		"module reload res_ari.so": "Module 'res_ari.so' reloaded successfully.\n",
		"sip reload":               "Configuration reloaded.\n",
		"dialplan reload":          "Dialplan reloaded.\n",
		"mixer show lateness":      "12.5 0 0 0 900 0 99 0 0 0 0 0 0 0 0 0 0 0 0 0 1\n0.0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		"mixer show workers": "worker scheduling    io   legs  rooms   busy      ticks   missed  skipped       p50       p99     p99.9\n" +
			"     0       fifo uring      7      2  12.5%       1000        3        4       8µs      32µs      32µs\n" +
			"     1       nice epoll      0      0   0.0%          0        0        0        0s        0s        0s\n",
		"core show resources":   "channels: 2\nrtp ports: 4\n",
		"core show help bridge": "                   bridge show -- Show one bridge\n               bridge show all -- List bridges\n",
	} {
		if got := r.ask(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	r.reload = errors.New("pjsip.conf:3: no ]\nextensions.conf:1: no context")
	if got := r.ask("dialplan reload"); got != "Reload failed, the old configuration stays: pjsip.conf:3: no ]; extensions.conf:1: no context\n" {
		t.Errorf("a bad reload: %q", got)
	}
	r.ask("core stop gracefully")
	r.ask("core stop now")
	if len(r.stops) != 2 || !r.stops[0] || r.stops[1] {
		t.Errorf("stops %v", r.stops)
	}
	if got := r.ask("core show threads"); !strings.Contains(got, "goroutine profile") {
		t.Errorf("threads %q", got)
	}

	if got := r.ask("core show memory"); !strings.Contains(got, " stacks\n") {
		t.Errorf("memory %q", got)
	}

	r.call()
	if got := r.ask("channel request hangup PJSIP/1002-00000001"); got != "Requested Hangup on channel 'PJSIP/1002-00000001'\n" {
		t.Errorf("hangup: %q", got)
	}
	if got := r.ask("channel request hangup all"); !strings.Contains(got, "Requested Hangup on channel 'PJSIP/1001-00000000'\n") {
		t.Errorf("hangup of all: %q", got)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	must(t, r.Engine.Drain(ctx))
}

func TestUptime(t *testing.T) {
	r := newRig(t)
	for seconds, want := range map[int64]string{
		60:                      "System uptime: 1 minute\nLast reload: 0 seconds\n",
		61:                      "System uptime: 1 minute, 1 second\nLast reload: 1 second\n",
		2*3600 + 60:             "System uptime: 2 hours, 1 minute\nLast reload: 2 hours\n",
		86400 + 2*3600 + 3:      "System uptime: 1 day, 2 hours, 3 seconds\nLast reload: 1 day, 1 hour, 59 minutes, 3 seconds\n",
		31536000 + 2*604800 + 1: "System uptime: 1 year, 2 weeks, 1 second\nLast reload: 1 year, 1 week, 6 days, 23 hours, 59 minutes, 1 second\n",
	} {
		r.now.Store(seconds)
		if got := r.ask("core show uptime"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	r.now.Store(3661)
	if got := r.ask("core show uptime seconds"); got != "System uptime: 3661\nLast reload: 3601\n" {
		t.Errorf("in seconds %q", got)
	}
}

func TestRooms(t *testing.T) {
	r := newRig(t)
	r.layout("rooms-none", "confbridge list")
	r.call()
	ch, err := r.Engine.Channel("PJSIP/1001-00000000")
	must(t, err)
	place, err := r.rooms.Reserve("9000", conference.RoleParticipant, conference.Settings{})
	must(t, err)
	must(t, ch.Mute(t.Context(), true))
	_, err = place.Enter(t.Context(), ch, "", conference.RoleModerator)
	must(t, err)
	r.layout("rooms", "confbridge list")
	r.layout("room", "confbridge list 9000")
	for _, tt := range []struct{ line, want string }{
		{"confbridge unmute 9000 PJSIP/1001", "Unmuting PJSIP/1001-00000000 from confbridge 9000\n"},
		{"confbridge mute 9000 participants", ""}, // a moderator is none
		{"confbridge mute 9000 all", "Muting PJSIP/1001-00000000 from confbridge 9000\n"},
		{"confbridge mute 9000 PJSIP/77", "No channel named 'PJSIP/77' found in conference 9000\n"},
		{"confbridge mute 9001 all", "No conference bridge named '9001' found!\n"},
		{"confbridge hearing 9000", "Usage: confbridge hearing <conference> <channel> [heard-by|hears everyone|nobody|<channel>...]\n"},
		{"confbridge hearing 9000 all heard-by", "Usage: confbridge hearing <conference> <channel> [heard-by|hears everyone|nobody|<channel>...]\n"},
		{"confbridge hearing 9000 all heard-by PJSIP/77", "No channel named 'PJSIP/77' found in conference 9000\n"},
		{"confbridge hearing 9000 PJSIP/1001 heard-by nobody", "PJSIP/1001-00000000 heard by: nobody\nPJSIP/1001-00000000 hears: everyone\n"},
		{"confbridge hearing 9000 PJSIP/1001 hears PJSIP/1001", "PJSIP/1001-00000000 heard by: nobody\nPJSIP/1001-00000000 hears: nobody\n"},
		{"confbridge hearing 9000 PJSIP/1001 heard-by everyone", "PJSIP/1001-00000000 heard by: everyone\nPJSIP/1001-00000000 hears: nobody\n"},
		{"confbridge hearing 9000 PJSIP/1001", "PJSIP/1001-00000000 heard by: everyone\nPJSIP/1001-00000000 hears: nobody\n"},
		{"confbridge kick 9000", "Usage: confbridge kick <conference> <all|participants|channel>\n"},
		{"confbridge kick 9000 PJSIP/1001-00000000", "Kicking PJSIP/1001-00000000 from confbridge 9000\n"},
	} {
		if got := r.ask(tt.line); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.line, got, tt.want)
		}
	}
	if s := ch.Snapshot(); !s.MutedIn || s.Bridge != "" {
		t.Errorf("is %+v", s)
	}
}

// Who watches a room is unmuted by nobody.
func TestViewersStayUnheard(t *testing.T) {
	r := newRig(t)
	r.call()
	for name, role := range map[string]conference.Role{"PJSIP/1001-00000000": conference.RoleViewer, "PJSIP/1002-00000001": conference.RoleParticipant} {
		ch, err := r.Engine.Channel(name)
		must(t, err)
		place, err := r.rooms.Reserve("9000", role, conference.Settings{})
		must(t, err)
		must(t, ch.Mute(t.Context(), true))
		_, err = place.Enter(t.Context(), ch, "", role)
		must(t, err)
	}
	for line, want := range map[string]bool{
		"confbridge unmute 9000 PJSIP/1001": false, "confbridge unmute 9000 all": true, "confbridge unmute 9000 participants": true,
	} {
		got := r.ask(line)
		if !strings.Contains(got, "PJSIP/1001-00000000 watches confbridge 9000 and is not heard\n") || strings.Contains(got, "Unmuting PJSIP/1002-00000001 from confbridge 9000\n") != want {
			t.Errorf("%s: %q", line, got)
		}
	}
	for name, muted := range map[string]bool{"PJSIP/1001-00000000": true, "PJSIP/1002-00000001": false} {
		if ch, err := r.Engine.Channel(name); err != nil || ch.Snapshot().MutedIn != muted {
			t.Errorf("%s is muted: %v, %v", name, !muted, err)
		}
	}
}

func TestApplicationsThatTakeChannels(t *testing.T) {
	r := newRig(t)
	r.listeners = []string{"a", "sky-genesis"}
	if got := r.ask("ari show apps"); got != "Application Name         \n=========================\na\nsky-genesis\n" {
		t.Errorf("%q", got)
	}
	if r.ask("ari show channels") != r.ask("core show channels") {
		t.Error("ari show channels shows something else than core show channels")
	}
}

// The log of counters begins, is replaced and ends; the console's end ends it too.
func TestTheLogOfCounters(t *testing.T) {
	r := newRig(t)
	for _, step := range [][2]string{
		{"rtp set stats on", "RTCP Stats Enabled\nThe log has the counters of every channel each 5 seconds.\n"},
		{"rtp set debug on", "RTP Packet Debugging Enabled\nThe log has the counters of every channel each 1 second.\n"},
		{"rtp set debug off", "RTP Packet Debugging Disabled\n"},
		{"rtcp set stats off", "RTCP Stats Disabled\n"},
		{"rtcp set debug ON", "RTCP Packet Debugging Enabled\nThe log has the counters of every channel each 1 second.\n"},
	} {
		if got := r.ask(step[0]); got != step[1] {
			t.Errorf("%s: %q, want %q", step[0], got, step[1])
		}
	}
	r.Close()
	r.Close()
}
