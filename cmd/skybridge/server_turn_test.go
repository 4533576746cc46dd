package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

// What browsers are told, and the certificate that they are shown, follow a reload.
func TestTURNFollowsAReload(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	external := func(address string) {
		t.Helper()
		text := "[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:5060\nexternal_media_address=" + address + "\n"
		must(t, os.WriteFile(filepath.Join(dir, "pjsip.conf"), []byte(text), 0o600))
	}
	first, second := certtest.New(t), certtest.New(t)
	external("203.0.113.6")
	cert, key := first.Write(files, first.Issue("localhost"))
	srv, _ := started(t, "asterisk_dir="+dir, "tls.cert_file="+cert, "tls.key_file="+key)
	look := func(address string, by *certtest.Authority) {
		t.Helper()
		list := srv.iceServers("a:lice")
		if len(list) != 2 || len(list[0].URLs) != 1 || list[0].Username != "" || len(list[1].URLs) != 3 || !strings.HasSuffix(list[1].Username, ":a:lice") || list[1].Credential == "" {
			t.Fatalf("browsers are told %+v", list)
		}
		for i, want := range []string{
			fmt.Sprintf("turn:%s:%d?transport=udp", address, srv.turn.Addr().Port()),
			fmt.Sprintf("turn:%s:%d?transport=tcp", address, srv.turn.Addr().Port()),
			fmt.Sprintf("turns:%s:%d?transport=tcp", address, srv.turn.TLSAddr().Port()),
		} {
			if got := list[1].URLs[i]; got != want {
				t.Errorf("browsers are told %s, want %s", got, want)
			}
		}
		conn, err := tls.Dial("tcp", srv.turn.TLSAddr().String(), &tls.Config{RootCAs: by.Pool(), ServerName: "localhost"})
		must(t, err)
		must(t, conn.Close())
	}
	look("203.0.113.6", first)
	external("203.0.113.7")
	from, fromKey := second.Write(t.TempDir(), second.Issue("localhost"))
	must(t, os.Rename(from, cert))
	must(t, os.Rename(fromKey, key))
	must(t, srv.reload(t.Context()))
	look("203.0.113.7", second)
}

// Credentials from before a restart go on; a secret that is set is kept nowhere.
func TestTheSecretOfTURNIsKept(t *testing.T) {
	dir := t.TempDir()
	secret := func(set ...string) (string, error) {
		t.Helper()
		s := settings{dataDir: dir, set: loopback(set...)}
		cfg, err := s.load()
		must(t, err)
		srv, err := start(t.Context(), cfg, manner{}, newLogger(cfg.Log, &logtest.Log{}))
		must(t, err)
		kept, err := srv.db.Settings.Get(t.Context(), turnSecret)
		must(t, srv.stop(true))
		return kept, err
	}
	if kept, err := secret("turn.secret=0123456789abcdef"); fault.Of(err) != fault.NotFound {
		t.Errorf("kept %q: %v", kept, err)
	}
	made, err := secret()
	must(t, err)
	again, err := secret()
	must(t, err)
	if len(made) < 32 || made != again {
		t.Errorf("a secret of %d bytes, then another one: %v", len(made), made != again)
	}
}
