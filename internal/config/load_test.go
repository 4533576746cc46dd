package config_test

import (
	"errors"
	"os"
	"path/filepath"
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

func TestLayersOverrideEachOther(t *testing.T) {
	file := write(t, "sip:\n  listen: 127.0.0.1:5070\n  t1: 100ms\napi:\n  listen: \":9090\"\n")
	c, err := config.Load(file,
		[]string{"SKYBRIDGE_API__LISTEN=:9091", "SKYBRIDGE_RTP__PORTS=20000-20100", "SKYBRIDGE_CACHE=/x", "HOME=/root"},
		map[string]string{"rtp.ports": "30000-30010", "media.workers": "1", "sip.origins": "https://a, https://b", "sip.algorithms": "SHA-256,MD5"})
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

func TestWrongSettingsNameTheirPlace(t *testing.T) {
	for name, tc := range map[string]struct {
		yaml  string
		env   []string
		flags map[string]string
		line  int
		want  string
	}{
		"unknown key":         {yaml: "sip:\n  lisen: :5060\n", line: 2, want: "lisen"},
		"wrong type":          {yaml: "media:\n  workers: many\n", line: 2, want: "Media"},
		"not yaml":            {yaml: "sip: [\n", line: 1},
		"bad address":         {yaml: "sip:\n  listen: nowhere\n", want: "sip.listen"},
		"bad range":           {yaml: "rtp:\n  ports: 20000\n", want: "rtp.ports"},
		"backward range":      {yaml: "rtp:\n  ports: 20000-10000\n", want: "rtp.ports"},
		"short secret":        {yaml: "auth:\n  jwt_secret: abc\n", want: "auth.jwt_secret"},
		"half a certificate":  {yaml: "tls:\n  cert_file: a.pem\n", want: "key_file"},
		"environment":         {env: []string{"SKYBRIDGE_SIP__LISEN=x"}, want: "SKYBRIDGE_SIP__LISEN"},
		"flag":                {flags: map[string]string{"sip.lisen": "x"}, want: "sip.lisen"},
		"media time-out":      {flags: map[string]string{"rtp.timeout": "-1s"}, want: "rtp.timeout"},
		"no ringing":          {flags: map[string]string{"calls.ring_timeout": "0"}, want: "calls.ring_timeout"},
		"no calls":            {flags: map[string]string{"calls.max_channels": "0"}, want: "calls.max_channels"},
		"a negative limit":    {flags: map[string]string{"calls.per_user": "-1"}, want: "calls.per_user"},
		"an origin's path":    {flags: map[string]string{"api.origins": "https://a/b"}, want: "api.origins"},
		"an origin's user":    {flags: map[string]string{"api.origins": "https://u@a"}, want: "api.origins"},
		"no origin":           {flags: map[string]string{"sip.origins": "*,a.example"}, want: "sip.origins"},
		"no number":           {flags: map[string]string{"media.workers": "two"}, want: "workers"},
		"no duration":         {env: []string{"SKYBRIDGE_SIP__T1=fast"}, want: "t1"},
		"a port too large":    {flags: map[string]string{"api.listen": ":65536"}, want: "api.listen"},
		"a name to listen on": {flags: map[string]string{"api.listen": "example.org:80"}, want: "api.listen"},
		"external ip":         {flags: map[string]string{"external_ip": "example"}, want: "external_ip"},
		"an algorithm":        {flags: map[string]string{"sip.algorithms": "MD5,SHA-512"}, want: "sip.algorithms"},
		"algorithms twice":    {yaml: "sip:\n  algorithms: [MD5, MD5]\n", want: "sip.algorithms"},
		"no algorithm":        {flags: map[string]string{"sip.algorithms": ""}, want: "sip.algorithms"},
		"log level":           {flags: map[string]string{"log.level": "loud"}, want: "log.level"},
	} {
		t.Run(name, func(t *testing.T) {
			file := ""
			if tc.yaml != "" {
				file = write(t, tc.yaml)
			}
			_, err := config.Load(file, tc.env, tc.flags)
			var e *config.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a config error", err)
			}
			if e.File != file || tc.line != 0 && e.Line != tc.line || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q (line %d), want line %d and %q", err, e.Line, tc.line, tc.want)
			}
		})
	}
}

func TestMissingFileIsAnError(t *testing.T) {
	if _, err := config.Load("/does/not/exist.yaml", nil, nil); err == nil {
		t.Fatal("no error")
	}
}

func TestEveryMistakeIsNamedAtOnceAndInOrder(t *testing.T) {
	flags := map[string]string{"sip.listen": "x", "turn.listen": "y", "log.format": "z"}
	_, err := config.Load("", nil, flags)
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

func TestTheDefaultsAreValid(t *testing.T) {
	if err := config.Default().Validate(); err != nil {
		t.Error(err)
	}
}
