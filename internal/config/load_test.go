package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/config"
)

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "skybridge.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// flags are settings of a command line, each KEY=VALUE.
func flags(set ...string) []config.Flag {
	var out []config.Flag
	for _, kv := range set {
		key, value, _ := strings.Cut(kv, "=")
		out = append(out, config.Flag{Key: key, Value: value, Name: "--set " + key})
	}
	return out
}

func TestLayersOverrideEachOther(t *testing.T) {
	file := write(t, "sip:\n  listen: 127.0.0.1:5070\n  t1: 100ms\napi:\n  listen: \":9090\"\n")
	c, err := config.Load(file,
		[]string{"SKYBRIDGE_API__LISTEN=:9091", "SKYBRIDGE_RTP__PORTS=20000-20100", "SKYBRIDGE_CACHE=/x", "HOME=/root"},
		flags("rtp.ports=30000-30010", "media.workers=1", "sip.origins=https://a, https://b", "sip.algorithms=SHA-256,MD5"))
	if err != nil {
		t.Fatal(err)
	}
	if c.SIP.Listen != "127.0.0.1:5070" || c.SIP.T1 != 100*time.Millisecond {
		t.Errorf("file did not override the defaults: %+v", c.SIP)
	}
	if c.API.Listen != ":9091" {
		t.Errorf("environment did not override the file: %q", c.API.Listen)
	}
	if lo, hi, err := c.RTP.Range(); lo != 30000 || hi != 30010 || err != nil {
		t.Errorf("flags did not override the environment: %d-%d %v", lo, hi, err)
	}
	if c.Media.Workers != 1 || len(c.SIP.Origins) != 2 {
		t.Errorf("typed flags: workers %d, origins %v", c.Media.Workers, c.SIP.Origins)
	}
	if want := []string{"SHA-256", "MD5"}; !slices.Equal(c.SIP.Algorithms, want) {
		t.Errorf("algorithms %v, want %v", c.SIP.Algorithms, want)
	}
	if c.WebRTC.Listen != config.Default().WebRTC.Listen {
		t.Errorf("an untouched key lost its default: %q", c.WebRTC.Listen)
	}
}

// Groups are lists of blocks.
func TestRingGroupsAreRead(t *testing.T) {
	c, err := config.Load(write(t, "ring_groups:\n  - number: \"8000\"\n    name: Sales\n    members: [\"1001\", 1002, 0123@trunk]\n"+
		"    strategy: sequence\n    ring_time: 15s\n    total: 1m\n    skip_busy: true\n    fallback: \"1003\"\n    prefix: \"Sales:\"\n  - number: 8001\n    members: [\"1001\"]\n"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := config.RingGroup{
		Number: "8000", Name: "Sales", Members: []string{"1001", "1002", "0123@trunk"}, Strategy: "sequence", RingTime: 15 * time.Second,
		Total: time.Minute, SkipBusy: true, Fallback: "1003", Prefix: "Sales:",
	}
	if len(c.RingGroups) != 2 || !reflect.DeepEqual(c.RingGroups[0], want) || c.RingGroups[1].Number != "8001" {
		t.Errorf("%+v", c.RingGroups)
	}
}

func TestWrongSettingsNameTheirPlace(t *testing.T) {
	for name, tc := range map[string]struct {
		yaml  string
		env   string
		flag  string
		place string // FILE stands for the file's name
		want  string
	}{
		"unknown key":           {yaml: "sip:\n  lisen: :5060\n", place: "FILE:2: ", want: "lisen"},
		"wrong type":            {yaml: "media:\n  workers: many\n", place: "FILE:2: ", want: "Media"},
		"not yaml":              {yaml: "sip: [\n", place: "FILE:1: "},
		"bad address":           {yaml: "# ours\nsip:\n  t1: 1s\n\n  listen: nowhere\n", place: "FILE:5: ", want: "sip.listen"},
		"bad range":             {yaml: "rtp:\n  ports: 20000\n", place: "FILE:2: ", want: "rtp.ports"},
		"backward range":        {yaml: "rtp:\n  ports: 20000-10000\n", place: "FILE:2: ", want: "rtp.ports"},
		"short secret":          {yaml: "auth:\n  jwt_secret: abc\n", place: "FILE:2: ", want: "auth.jwt_secret"},
		"half a certificate":    {yaml: "tls:\n  cert_file: a.pem\n", place: "FILE:2: ", want: "key_file"},
		"half a key":            {yaml: "strict: true\ntls: {key_file: a.pem}\n", place: "FILE:2: ", want: "cert_file"},
		"a top-level key":       {yaml: "data_dir: /d\nexternal_ip: example\n", place: "FILE:2: ", want: "external_ip"},
		"algorithms twice":      {yaml: "sip:\n  algorithms: [MD5, MD5]\n", place: "FILE:2: ", want: "sip.algorithms"},
		"behind an anchor":      {yaml: "sip: &s\n  listen: nowhere\n", place: "FILE:2: ", want: "sip.listen"},
		"environment":           {env: "SKYBRIDGE_SIP__LISEN=x", place: "SKYBRIDGE_SIP__LISEN: ", want: "sip.lisen"},
		"environment's value":   {env: "SKYBRIDGE_LOG__LEVEL=loud", place: "SKYBRIDGE_LOG__LEVEL: ", want: "log.level"},
		"flag":                  {flag: "sip.lisen=x", place: "--set sip.lisen: ", want: "sip.lisen"},
		"a flag's value":        {yaml: "sip:\n  listen: :5060\n", flag: "sip.listen=x", place: "--set sip.listen: ", want: "sip.listen"},
		"media time-out":        {flag: "rtp.timeout=-1s", place: "--set", want: "rtp.timeout"},
		"no ringing":            {flag: "calls.ring_timeout=0", place: "--set", want: "calls.ring_timeout"},
		"a library's bare name": {flag: "media.g729=libbcg729.so", place: "--set", want: "media.g729"},
		"a bit rate of Opus":    {flag: "media.opus.bitrate=100", place: "--set", want: "media.opus.bitrate"},
		"a profile of Opus":     {flag: "webrtc.opus.profile=music", place: "--set", want: "webrtc.opus.profile"},
		"no calls":              {flag: "calls.max_channels=0", place: "--set", want: "calls.max_channels"},
		"a call of no length":   {flag: "calls.max_duration=1s", place: "--set", want: "calls.max_duration"},
		"messages of a moment":  {flag: "messages.keep=1s", place: "--set", want: "messages.keep"},
		"a short silence":       {flag: "calls.rtp_timeout=-1s", place: "--set", want: "calls.rtp_timeout"},
		"a negative limit":      {flag: "calls.per_user=-1", place: "--set", want: "calls.per_user"},
		"an origin's path":      {flag: "api.origins=https://a/b", place: "--set", want: "api.origins"},
		"an origin's user":      {flag: "api.origins=https://u@a", place: "--set", want: "api.origins"},
		"no origin":             {flag: "sip.origins=*,a.example", place: "--set", want: "sip.origins"},
		"an exempt name":        {flag: "sip.exempt=127.0.0.1,example", place: "--set", want: "sip.exempt"},
		"a rate":                {yaml: "sip:\n  rate:\n    per_second: -1\n", place: "FILE:3: ", want: "sip.rate.per_second"},
		"a pace":                {flag: "sip.phone_calls.per_minute=-1", place: "--set", want: "sip.phone_calls.per_minute"},
		"a pace without end":    {flag: "sip.phone_calls.per_minute=6001", place: "--set", want: "sip.phone_calls.per_minute"},
		"a phone's pace":        {yaml: "sip:\n  phone_calls:\n    endpoints:\n      - {endpoint: a, per_minute: -1}\n", place: "FILE:3: ", want: "endpoint a"},
		"two paces of a phone":  {yaml: "sip:\n  phone_calls:\n    endpoints: [{endpoint: a}, {endpoint: A}]\n", place: "FILE:3: ", want: "named once"},
		"a pace of nobody":      {yaml: "sip:\n  phone_calls:\n    endpoints: [{per_minute: 3}]\n", place: "FILE:3: ", want: "named once"},
		"a pace's unknown key":  {yaml: "sip:\n  phone_calls:\n    endpoints: [{endpoint: a, per_hour: 3}]\n", place: "FILE:3: ", want: "per_hour"},
		"groups of a flag":      {flag: "ring_groups=8000", place: "--set ring_groups: ", want: "in a file alone"},
		"a group's unknown key": {yaml: "ring_groups:\n  - number: 8000\n    memebers: [1001]\n", place: "FILE:3: ", want: "memebers"},
		"no burst":              {flag: "sip.rate.burst=0", place: "--set", want: "sip.rate.burst"},
		"less than a stranger":  {flag: "sip.rate.known=0", place: "--set", want: "sip.rate.known"},
		"a first ban too long":  {flag: "sip.ban.first=48h", place: "--set", want: "sip.ban.first"},
		"more than all":         {flag: "sip.overload.used=101", place: "--set", want: "sip.overload.used"},
		"a ban's window":        {flag: "sip.ban.window=0", place: "--set", want: "sip.ban.window"},
		"no number":             {yaml: "sip:\n  t1: 1s\n", flag: "media.workers=two", place: "--set media.workers: ", want: "number"},
		"no duration":           {env: "SKYBRIDGE_SIP__T1=fast", place: "SKYBRIDGE_SIP__T1: ", want: "duration"},
		"neither true or false": {flag: "strict=maybe", place: "--set strict: ", want: "true or false"},
		"a port too large":      {flag: "api.listen=:65536", place: "--set", want: "api.listen"},
		"a name to listen on":   {flag: "api.listen=example.org:80", place: "--set", want: "api.listen"},
		"external ip":           {flag: "external_ip=example", place: "--set", want: "external_ip"},
		"an algorithm":          {flag: "sip.algorithms=MD5,SHA-512", place: "--set", want: "sip.algorithms"},
		"no name server":        {flag: "sip.dns=192.0.2.53,ns.example", place: "--set", want: "sip.dns"},
		"no algorithm":          {flag: "sip.algorithms=", place: "--set", want: "sip.algorithms"},
		"another database":      {yaml: "database:\n  url: mysql://u:p@h/d\n", place: "FILE:2: ", want: "database.url"},
		"log level":             {flag: "log.level=loud", place: "--set", want: "log.level"},
	} {
		t.Run(name, func(t *testing.T) {
			file, set, env := "", []string(nil), []string(nil)
			if tc.yaml != "" {
				file = write(t, tc.yaml)
			}
			if tc.env != "" {
				env = append(env, tc.env)
			}
			if tc.flag != "" {
				set = append(set, tc.flag)
			}
			_, err := config.Load(file, env, flags(set...))
			var e *config.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a config error", err)
			}
			place := strings.Replace(tc.place, "FILE", file, 1)
			if text := err.Error(); !strings.HasPrefix(text, place) || !strings.Contains(text, tc.want) {
				t.Errorf("got %q, want %q and %q", text, place, tc.want)
			}
		})
	}
}

func TestASettingKnowsWhereItWasMade(t *testing.T) {
	file := write(t, "sip:\n  listen: \":5060\"\n  t1: 100ms\napi:\n  # nothing\nturn:\n  listen:\n")
	c, err := config.Load(file, []string{"SKYBRIDGE_SIP__T1=200ms"}, flags("log.level=debug"))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"sip.listen":  file + ":2", // though it is the default's value
		"sip.t1":      "SKYBRIDGE_SIP__T1",
		"log.level":   "--set log.level",
		"api.listen":  "",
		"turn.listen": "", // a key without a value sets nothing
	} {
		if got := c.Origin(key).String(); got != want || c.IsSet(key) != (want != "") {
			t.Errorf("%s: set at %q (%v), want %q", key, got, c.IsSet(key), want)
		}
	}
	if std := config.Default(); c.API.Listen != std.API.Listen || c.TURN.Listen != std.TURN.Listen {
		t.Errorf("keys without a value lost their defaults: %+v %+v", c.API, c.TURN)
	}
}

func TestMissingFileIsAnError(t *testing.T) {
	if _, err := config.Load("/does/not/exist.yaml", nil, nil); err == nil {
		t.Fatal("no error")
	}
}

func TestEveryMistakeIsNamedAtOnceAndInOrder(t *testing.T) {
	_, err := config.Load("", nil, flags("turn.listen=y", "sip.listen=x", "log.format=z"))
	if err == nil {
		t.Fatal("no error")
	}
	at := -1
	for _, key := range []string{"sip.listen", "turn.listen", "log.format"} {
		i := strings.Index(err.Error(), key)
		if i <= at {
			t.Errorf("%s is not in its place in %q", key, err)
		}
		at = i
	}
}

// How long calls last that never connect, never end, or go silent, where nobody says so.
func TestCallsEndByDefault(t *testing.T) {
	c := config.Default().Calls
	for what, d := range map[string][2]time.Duration{
		"ringing": {c.RingTimeout, 30 * time.Second}, "at most": {c.MaxDuration, 12 * time.Hour},
		"without media": {c.RTPTimeout, 30 * time.Second}, "without a browser": {c.Reconnect, 30 * time.Second},
	} {
		if d[0] != d[1] {
			t.Errorf("%s: %v, want %v", what, d[0], d[1])
		}
	}
}

func TestTheDefaultsAreValid(t *testing.T) {
	if err := config.Default().Validate(); err != nil {
		t.Error(err)
	}
}
