package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// folder is a folder of Asterisk files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// installed reads Asterisk files with settings of the command line on top.
func installed(t *testing.T, dir string, set ...string) (*installation, config.Config) {
	t.Helper()
	s := settings{asteriskDir: dir, dataDir: t.TempDir(), set: set}
	cfg, err := s.load()
	must(t, err)
	in, err := readInstallation(dir, cfg, codecs(cfg.Media, slog.New(slog.DiscardHandler)))
	must(t, err)
	in.apply(&cfg)
	return in, cfg
}

func TestASettingReplacesTheTransportsItSpeaksOfAlone(t *testing.T) {
	dir := folder(t, map[string]string{
		"pjsip.conf": "[u]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:5070\n[t]\ntype=transport\nprotocol=tcp\nbind=127.0.0.2:5071\n" +
			"[s]\ntype=transport\nprotocol=tls\nbind=127.0.0.3:5072\n[w]\ntype=transport\nprotocol=ws\nbind=127.0.0.4:80\n",
	})
	for _, tc := range []struct{ set, want string }{
		{"", "udp 127.0.0.1:5070, tcp 127.0.0.2:5071, tls 127.0.0.3:5072"},
		{"sip.listen=127.0.0.9:5060", "tls 127.0.0.3:5072, udp 127.0.0.9:5060, tcp 127.0.0.9:5060"},
		{"sip.listen=:5060", "tls 127.0.0.3:5072, udp :5060, tcp :5060"}, // the default, but said
		{"sip.listen=off", "tls 127.0.0.3:5072, udp off, tcp off"},
		{"sip.tls_listen=127.0.0.9:5061", "udp 127.0.0.1:5070, tcp 127.0.0.2:5071, tls 127.0.0.9:5061"},
		{"sip.tls_listen=off", "udp 127.0.0.1:5070, tcp 127.0.0.2:5071, tls off"},
	} {
		var set []string
		if tc.set != "" {
			set = append(set, tc.set)
		}
		in, cfg := installed(t, dir, set...)
		var got []string
		for _, l := range in.sipListeners(cfg) {
			got = append(got, l.Network+" "+l.Address)
		}
		if text := strings.Join(got, ", "); text != tc.want {
			t.Errorf("%q: %s, want %s", tc.set, text, tc.want)
		}
	}
}

func TestFilesWithoutATransportLeaveItToTheSettings(t *testing.T) {
	in, cfg := installed(t, folder(t, map[string]string{"extensions.conf": "[a]\n"}))
	if got := in.sipListeners(cfg); len(got) != 3 || got[0].Address != ":5060" || got[2].Address != ":5061" {
		t.Errorf("listeners %+v", got)
	}
}

func TestPortsOfTheFilesCountUnlessSet(t *testing.T) {
	dir := folder(t, map[string]string{
		"rtp.conf":  "[general]\nrtpstart=12000\nrtpend=12100\n",
		"http.conf": "[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=8188\n",
	})
	_, cfg := installed(t, dir)
	if cfg.RTP.Ports != "12000-12100" || cfg.ARI.Listen != "127.0.0.1:8188" || cfg.ARI.TLSListen != config.Off {
		t.Errorf("of the files: %s, %s, %s", cfg.RTP.Ports, cfg.ARI.Listen, cfg.ARI.TLSListen)
	}
	std := config.Default() // said, though it is no other than the default
	_, cfg = installed(t, dir, "rtp.ports="+std.RTP.Ports, "ari.listen="+std.ARI.Listen, "ari.tls_listen="+std.ARI.TLSListen)
	if cfg.RTP.Ports != std.RTP.Ports || cfg.ARI.Listen != std.ARI.Listen || cfg.ARI.TLSListen != std.ARI.TLSListen {
		t.Errorf("set: %s, %s, %s", cfg.RTP.Ports, cfg.ARI.Listen, cfg.ARI.TLSListen)
	}
}

// said are the warnings of an installation that hold a word.
func said(in *installation, word string) []string {
	var out []string
	for _, w := range in.warnings {
		if text := w.String(); strings.Contains(text, word) {
			out = append(out, text)
		}
	}
	return out
}

func TestACertificateThatIsMissingIsNamedWithItsPlace(t *testing.T) {
	http := "[general]\nenabled=yes\ntlsenable=yes\ntlsbindaddr=127.0.0.1\n"
	for name, tc := range map[string]struct {
		files map[string]string
		place string
		count int // of missing files
	}{
		"http.conf": {map[string]string{"http.conf": http + "tlscertfile=/nowhere/a.crt\ntlsprivatekey=/nowhere/a.key\n"}, "http.conf:5: ", 2},
		"one file":  {map[string]string{"http.conf": http + "\ntlscertfile=/nowhere/a.pem\n"}, "http.conf:6: ", 1},
		"ari.conf": {map[string]string{"ari.conf": "[general]\nenabled=yes\ntlsenable=yes\n\ntlsprivatekey=/nowhere/a.key\n" +
			"tlscertfile=/nowhere/a.crt\n"}, "ari.conf:6: ", 2},
		"pjsip.conf": {map[string]string{"pjsip.conf": "[global]\ntype=global\n[t]\ntype=transport\nprotocol=tls\nbind=127.0.0.1\n" +
			"cert_file=/nowhere/a.crt\npriv_key_file=/dev/null\n"}, "pjsip.conf:3: ", 1},
	} {
		in, cfg := installed(t, folder(t, tc.files))
		list := said(in, "certificate")
		if len(list) != 1 || !strings.HasPrefix(list[0], tc.place) || strings.Contains(list[0], "\n") ||
			strings.Count(list[0], "no such file") != tc.count {
			t.Errorf("%s: %q, want one of %s with %d missing", name, list, tc.place, tc.count)
		}
		if cfg.TLS.CertFile != "" {
			t.Errorf("%s: certificate %s", name, cfg.TLS.CertFile)
		}
	}
}

func TestWhoAsksForNoPasswordIsWarnedOfOnce(t *testing.T) {
	in, _ := installed(t, folder(t, map[string]string{
		"sip.conf":   "[a]\ntype=friend\nhost=dynamic\n[b]\ntype=friend\nhost=192.0.2.1\n",
		"pjsip.conf": "[c]\ntype=endpoint\nallow=ulaw\n",
	}))
	for name, place := range map[string]string{"[a]": "sip.conf:1", "[b]": "sip.conf:4", "endpoint c": "pjsip.conf:1"} {
		list := said(in, place)
		if n := len(said(in, name+" has no")); n != 1 || !strings.Contains(strings.Join(list, " "), "believed") {
			t.Errorf("%s is warned of %d times, %q", name, n, list)
		}
	}
	if n := len(said(in, "believed")); n != 3 {
		t.Errorf("%d warnings: %q", n, said(in, "believed"))
	}
}
