package registrar

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/digest"
)

// TestScenarios has sipp play the phone, over UDP and TCP.
func TestScenarios(t *testing.T) {
	sipp, err := exec.LookPath("sipp")
	if err != nil {
		t.Skip("skipped: sipp is not installed (Debian package sip-tester)")
	}
	files, err := filepath.Glob("../../testdata/sip/registrar/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		for mode, network := range map[string]string{"u1": "udp", "t1": "tcp"} {
			t.Run(filepath.Base(file)+"/"+network, func(t *testing.T) {
				t.Parallel()
				p := servePBX(t, func(a *AOR, _ *digest.Config) { a.MinExpiration = 2 * time.Second })
				play(t, sipp, file, mode, p.server.Addr(network).String())
				for aor, bs := range p.registrar.All() {
					if len(bs) != 0 {
						t.Errorf("%s is left with %v", aor, bs)
					}
				}
			})
		}
	}
}

// play runs a scenario once against a server; sipp's exit status is its verdict.
func play(t *testing.T, sipp, file, mode, server string) {
	t.Helper()
	file, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	// Without -p it binds a port of its own choice, so that nobody takes it in between.
	cmd := exec.CommandContext(t.Context(), sipp, server, "-sf", file, "-t", mode, "-m", "1", "-i", "127.0.0.1",
		"-nostdin", "-timeout", "20s", "-timeout_error", "-recv_timeout", "5000", "-trace_err", "-error_file", "errors.log")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(cmd.Dir, "errors.log")) // says more, if it is there
		t.Errorf("%v: %v\n%s\n%s", cmd.Args, err, out, log)
	}
}
