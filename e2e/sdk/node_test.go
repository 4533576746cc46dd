package sdk_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

// TestInNode: the SDK in Node, with werift for its media, calls a phone and sends back what it
// hears: the phone, which a call of two gives nothing of its own, hears its own tone. It writes a
// message by the call's data channel.
func TestInNode(t *testing.T) {
	inNode(t, 500, "echo.mjs", hasSaid("wrote hello by the data channel"))
}

// TestInNodeByWRTC: with @roamhq/wrtc for its media both hear each other, and it writes a message.
func TestInNodeByWRTC(t *testing.T) {
	inNode(t, 700, "wrtc.mjs", hasSaid("heard 500", "wrote hello by the data channel"), "700", "500")
}

// hasSaid fails for a program that has not said all of something.
func hasSaid(all ...string) func(*logtest.Log) error {
	return func(said *logtest.Log) error {
		for _, what := range all {
			if !strings.Contains(said.String(), what) {
				return errors.New(said.String())
			}
		}
		return nil
	}
}

// TestVideoInNode: with @roamhq/wrtc for their media two meet in a room and see each other's camera,
// frame by frame.
func TestVideoInNode(t *testing.T) {
	s := server.Start(t, server.Config{})
	said, leave := node(t, "video.mjs", s.URL(""), s.Token(t, "anna"), s.Token(t, "bob"), "9000")
	for _, who := range []string{"first", "second"} {
		peer.Eventually(t, who+" sees the other", func() error {
			if !strings.Contains(said.String(), who+" sees the other") {
				return errors.New(said.String())
			}
			return nil
		})
	}
	leave()
	if strings.Contains(said.String(), "sees camera") || strings.Contains(said.String(), "sees screen") {
		t.Errorf("frames that nobody filmed: %s", said.String())
	}
}

// inNode runs a program of testdata that calls a phone, whose tone is 500 Hz, until the phone hears
// one and the program has said what it must.
func inNode(t *testing.T, hears float64, program string, says func(*logtest.Log) error, arguments ...string) {
	t.Helper()
	s := server.Start(t, server.Config{})
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
		Register: true, Answer: true, Codecs: []string{"PCMU"}, Tone: 500,
	})
	phone.Registered(t)
	said, leave := node(t, append([]string{program, s.URL(""), s.Token(t, "carol"), "1001"}, arguments...)...)
	phone.Established(t)
	peer.Hears(t, "the phone", phone.Recording(), hears)
	peer.Eventually(t, program+" hears the phone", func() error { return says(said) })
	leave()
	phone.Closed(t)
}

// node runs a program of testdata beside the SDK, and gives what it says, and what has it end.
func node(t *testing.T, arguments ...string) (said *logtest.Log, leave func()) {
	t.Helper()
	modules := filepath.Join(tools(t), "node_modules")
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "dist"), os.DirFS("../../web/sdk/dist")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	// It says that dist has modules.
	if err := os.Symlink(filepath.Join(modules, "..", "package.json"), filepath.Join(dir, "package.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", arguments...)
	cmd.Dir = dir
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said = &logtest.Log{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return said, func() {
		t.Helper()
		if err := input.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v\n%s", err, said.String())
		}
	}
}
