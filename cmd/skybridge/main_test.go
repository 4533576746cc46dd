package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/api/cli"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp's clock, one a process for good, and the sweeper of a server's
		// workers, which looks every now and then whether the server has ended.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		// certmagic's limiter of an authority and an account, which lives as long as the process.
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.(*RingBufferRateLimiter).loop"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// command runs the command line and gives its exit code and output.
func command(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(args, &o, &e)
	return code, o.String(), e.String()
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"help":                   {[]string{"skybridge"}, 0, "serve"},
		"help of a command":      {[]string{"skybridge", "token", "-h"}, 0, "--extension"},
		"version":                {[]string{"skybridge", "version"}, 0, "Skybridge dev\n"},
		"Asterisk's version":     {[]string{"/usr/sbin/asterisk", "-V"}, 0, "Skybridge dev\n"},
		"unknown command":        {[]string{"skybridge", "server"}, 2, "server"},
		"unknown command below":  {[]string{"skybridge", "apikey", "made"}, 2, "made"},
		"nothing to revoke":      {[]string{"skybridge", "apikey", "revoke"}, 2, "arg"},
		"help of nothing":        {[]string{"skybridge", "help", "made"}, 2, "made"},
		"help of nothing below":  {[]string{"skybridge", "help", "apikey", "made"}, 2, "apikey made"},
		"help in words":          {[]string{"skybridge", "help", "token"}, 0, "--extension"},
		"completion":             {[]string{"skybridge", "completion", "bash"}, 0, "bash completion"},
		"unknown completion":     {[]string{"skybridge", "completion", "made"}, 2, "made"},
		"completion of two":      {[]string{"skybridge", "completion", "bash", "zsh"}, 2, "zsh"},
		"a group's help":         {[]string{"skybridge", "apikey"}, 0, "revoke"},
		"unknown flag":           {[]string{"skybridge", "serve", "--loud"}, 2, "--loud"},
		"an argument too many":   {[]string{"skybridge", "serve", "now"}, 2, "now"},
		"an argument too few":    {[]string{"skybridge", "check"}, 2, "arg"},
		"unknown option":         {[]string{"asterisk", "-z"}, 2, "asterisk: unknown option -z"},
		"no setting":             {[]string{"skybridge", "token", "--user", "a", "--set", "x"}, 2, "KEY=VALUE"},
		"unknown setting":        {[]string{"skybridge", "token", "--user", "a", "--set", "x=y"}, 78, `"x"`},
		"bad setting":            {[]string{"skybridge", "serve", "--set", "sip.listen=nowhere"}, 78, "sip.listen"},
		"missing settings":       {[]string{"skybridge", "serve", "--config", "/nowhere.yaml"}, 78, "/nowhere.yaml"},
		"missing Asterisk files": {[]string{"skybridge", "check", "/nowhere"}, 78, "/nowhere"},
		"no user":                {[]string{"skybridge", "token"}, 2, "--user"},
		"unknown role":           {[]string{"skybridge", "token", "--user", "a", "--role", "king"}, 2, "king"},
		"a token for good":       {[]string{"skybridge", "token", "--user", "a", "--life", "0"}, 2, "--life"},
		"a broken name":          {[]string{"skybridge", "token", "--user", "a\nb"}, 2, "--user"},
		"a key for nobody":       {[]string{"skybridge", "apikey", "create"}, 2, "--user"},
		"a token of no server":   {[]string{"skybridge", "token", "--user", "a", "--data-dir", dir + "/none"}, 1, dir + "/none"},
		"a key of no server":     {[]string{"skybridge", "apikey", "create", "--user", "a", "--data-dir", dir + "/none"}, 1, dir + "/none"},
		"keys of no server":      {[]string{"skybridge", "apikey", "list", "--data-dir", dir + "/none"}, 1, dir + "/none"},
		"a key's role":           {[]string{"skybridge", "apikey", "create", "--user", "a", "--role", "king"}, 2, "king"},
		"no server":              {[]string{"skybridge", "rx", "reload", "--data-dir", dir}, 1, "unable to connect"},
		"nobody to become":       {[]string{"skybridge", "serve", "--user", "no such user", "--data-dir", dir}, 2, "no such user"},
		"no group to join":       {[]string{"asterisk", "-f", "-G", "no such group"}, 2, "no such group"},
		"no console":             {[]string{"asterisk", "-C", dir + "/asterisk.conf", "-r"}, 1, "Unable to connect to remote asterisk (does /var/run/asterisk/skybridge.ctl exist?)"},
		"no server, in Asterisk's words": {
			[]string{"asterisk", "-s", dir + "/a.ctl", "-rx", "reload"}, 1,
			"Unable to connect to remote asterisk (does " + dir + "/a.ctl exist?)\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := command(tc.args...)
			if code != tc.code || !strings.Contains(out+errs, tc.want) {
				t.Errorf("exit code %d, want %d with %q:\n%s%s", code, tc.code, tc.want, out, errs)
			}
			if code != 0 && (out != "" || errs == "") {
				t.Errorf("an error on the wrong stream:\n%s\n%s", out, errs)
			}
		})
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("commands that failed left %v, %v", left, err)
	}
}

func TestSettingsOfTheCommandLine(t *testing.T) {
	t.Setenv("SKYBRIDGE_API__LISTEN", ":9001")
	t.Setenv("SKYBRIDGE_RTP__PORTS", "20000-20010")
	s := settings{asteriskDir: "/a", dataDir: "d", set: []string{"rtp.ports=30000-30010", "log.level=debug", "auth.issuer=a=b"}}
	cfg, err := s.load()
	must(t, err)
	wd, err := os.Getwd()
	must(t, err)
	if cfg.AsteriskDir != "/a" || cfg.DataDir != filepath.Join(wd, "d") || cfg.RTP.Ports != "30000-30010" || cfg.Log.Level != "debug" ||
		cfg.Auth.Issuer != "a=b" || cfg.API.Listen != ":9001" {
		t.Errorf("settings %+v", cfg)
	}
}

// authenticator checks tokens and keys with what a data folder keeps.
func authenticator(t *testing.T, dir string) *auth.Authenticator {
	t.Helper()
	cfg := config.Default()
	cfg.DataDir = dir
	db, err := openStore(t.Context(), cfg, newLogger(cfg.Log, &bytes.Buffer{}))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	a, err := newAuthenticator(t.Context(), cfg, db, nil, slog.New(slog.DiscardHandler))
	must(t, err)
	return a
}

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	a := authenticator(t, dir)
	var tokens []string
	for range 2 {
		code, out, errs := command("skybridge", "token", "--user", "alice", "--extension", "1001", "--role", "admin,user", "--data-dir", dir)
		if code != 0 || errs != "" {
			t.Fatalf("%d %s", code, errs)
		}
		tokens = append(tokens, strings.TrimSpace(out))
	}
	for _, token := range tokens { // the secret is made once
		p, err := a.Token(token)
		must(t, err)
		if p.User != "alice" || p.Extension != "1001" || !p.SeesAll() || !p.Has(auth.RoleUser) || time.Until(p.Expires) > 12*time.Hour {
			t.Errorf("token of %+v", p)
		}
	}
	_, out, _ := command("skybridge", "token", "--user", "alice", "--data-dir", dir, "--set", "auth.jwt_secret=another secret of the operator")
	if p, err := a.Token(strings.TrimSpace(out)); err == nil {
		t.Errorf("another secret's token is of %+v", p)
	}
	// A configured secret needs no database.
	if code, out, errs := command("skybridge", "token", "--user", "alice", "--data-dir", t.TempDir(),
		"--set", "auth.jwt_secret=another secret of the operator"); code != 0 || out == "" {
		t.Errorf("%d %s", code, errs)
	}
}

func TestAPIKeys(t *testing.T) {
	dir := t.TempDir()
	a := authenticator(t, dir)
	code, out, errs := command("skybridge", "apikey", "create", "--user", "machine", "--name", "billing", "--data-dir", dir)
	if code != 0 {
		t.Fatalf("%d %s", code, errs)
	}
	key := strings.TrimSpace(out)
	p, err := a.APIKey(t.Context(), key)
	if err != nil || p.User != "machine" || !p.Has(auth.RoleService) {
		t.Errorf("key of %+v, %v", p, err)
	}
	_, out, _ = command("skybridge", "apikey", "list", "--data-dir", dir)
	if !strings.Contains(out, "valid  machine") || !strings.Contains(out, "billing") || strings.Contains(out, key) {
		t.Errorf("listed as %s", out)
	}
	id, _, _ := strings.Cut(out, " ")
	if code, _, errs := command("skybridge", "apikey", "revoke", id, "--data-dir", dir); code != 0 {
		t.Fatalf("%d %s", code, errs)
	}
	if p, err := a.APIKey(t.Context(), key); err == nil {
		t.Errorf("a revoked key is of %+v", p)
	}
}

// A whole server, in the process of the test.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, socketName)
	args := []string{"--data-dir", dir}
	for _, kv := range []string{
		"sip.listen=127.0.0.1:0", "sip.tls_listen=off", "ari.listen=off", "ari.tls_listen=off", "api.listen=127.0.0.1:0",
		"webrtc.listen=127.0.0.1:0", "turn.listen=off", "turn.tls_listen=off", "rtp.address=127.0.0.1", "media.workers=1", "media.fifo=false", "ami.listen=:5038",
	} {
		args = append(args, "--set", kv)
	}
	var out, errs logtest.Log
	exited := make(chan int, 1)
	go func() { exited <- run(slices.Concat([]string{"skybridge", "serve"}, args), &out, &errs) }()
	ask := func(line string) (string, error) {
		var text bytes.Buffer
		err := cli.Ask(t.Context(), socket, line, &text)
		return text.String(), err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); ; {
		if text, err := ask("core waitfullybooted"); err == nil {
			if text != "Asterisk has fully booted.\n" {
				t.Errorf("booted: %q", text)
			}
			break
		}
		select {
		case code := <-exited:
			t.Fatalf("the server ended with %d:\n%s", code, errs.String())
		case <-deadline:
			t.Fatalf("the server does not start:\n%s", errs.String())
		case <-tick.C:
		}
	}
	if text, err := ask("pjsip show endpoints"); err != nil || !strings.Contains(text, "Objects found: 9") {
		t.Errorf("endpoints: %v\n%s", err, text)
	}
	// A second one on the same data is refused.
	if code, _, errs := command(slices.Concat([]string{"skybridge", "serve"}, args)...); code != 1 || !strings.Contains(errs, "another server") {
		t.Errorf("a second server: %d %s", code, errs)
	}
	var lines bytes.Buffer
	root := rootCommand(&lines, &lines, false)
	root.SetArgs([]string{"rx", "--data-dir", dir})
	root.SetIn(strings.NewReader("core show version\n\nno such thing\nexit\ncore stop now\n"))
	must(t, root.ExecuteContext(t.Context()))
	if got := lines.String(); !strings.Contains(got, "dev") || !strings.Contains(got, "No such command 'no such thing'") {
		t.Errorf("the conversation: %s", got)
	}
	if _, err := ask("core stop now"); err != nil {
		t.Error(err)
	}
	select {
	case code := <-exited:
		if code != 0 {
			t.Errorf("the server ended with %d:\n%s", code, errs.String())
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not end")
	}
	for _, want := range []string{"is ready", "password", "#token=", "9000"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the welcome lacks %q:\n%s", want, out.String())
		}
	}
	if log := errs.String(); strings.Contains(log, "token") || !strings.Contains(log,
		`msg="setting without effect: this version serves no AMI" key=ami.listen value=:5038 set="--set ami.listen"`) {
		t.Errorf("the log: %s", log)
	}
}
