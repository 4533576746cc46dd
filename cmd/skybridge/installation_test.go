package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	in, err := readInstallation(dir, cfg, codecs(cfg.Media, slog.New(slog.DiscardHandler)), nil)
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

func TestIdentityOfTheFilesCountsUnlessSet(t *testing.T) {
	pjsip := "[global]\ntype=global\ndefault_realm=pbx\nuser_agent=PBX 1\n[system]\ntype=system\ntimer_t1=250\n"
	for name, files := range map[string]map[string]string{
		"pjsip.conf": {"pjsip.conf": pjsip},
		"sip.conf":   {"sip.conf": "[general]\nrealm=pbx\nuseragent=PBX 1\ntimert1=250\n"},
		"both":       {"pjsip.conf": "[u]\ntype=transport\nbind=127.0.0.1\n", "sip.conf": "[general]\nrealm=pbx\nuseragent=PBX 1\ntimert1=250\n"},
		"the first":  {"pjsip.conf": pjsip, "sip.conf": "[general]\nrealm=other\nuseragent=other\ntimert1=300\n"},
	} {
		_, cfg := installed(t, folder(t, files))
		if cfg.SIP.Realm != "pbx" || cfg.SIP.UserAgent != "PBX 1" || cfg.SIP.T1 != 250*time.Millisecond {
			t.Errorf("%s: %+v", name, cfg.SIP)
		}
		_, cfg = installed(t, folder(t, files), "sip.realm=asterisk", "sip.user_agent=Skybridge", "sip.t1=500ms")
		if std := config.Default().SIP; cfg.SIP.Realm != std.Realm || cfg.SIP.UserAgent != std.UserAgent || cfg.SIP.T1 != std.T1 {
			t.Errorf("%s, but set: %+v", name, cfg.SIP)
		}
	}
	_, cfg := installed(t, folder(t, map[string]string{"sip.conf": "[general]\n"}))
	if std := config.Default().SIP; cfg.SIP.Realm != std.Realm || cfg.SIP.UserAgent != std.UserAgent || cfg.SIP.T1 != std.T1 {
		t.Errorf("of files that say nothing: %+v", cfg.SIP)
	}
}

// A reload makes no other challenges: what the files say anew is for the next start.
func TestARealmStaysUntilTheNextStart(t *testing.T) {
	dir := folder(t, map[string]string{"pjsip.conf": "[global]\ntype=global\ndefault_realm=one\ndefault_auth_algorithms_uas=SHA-256,MD5\n"})
	in, cfg := installed(t, dir)
	if cfg.SIP.Realm != "one" || strings.Join(cfg.SIP.Algorithms, ",") != "SHA-256,MD5" {
		t.Errorf("%q, %v", cfg.SIP.Realm, cfg.SIP.Algorithms)
	}
	must(t, os.WriteFile(filepath.Join(dir, "pjsip.conf"), []byte("[global]\ntype=global\ndefault_realm=two\n[a]\ntype=auth\nusername=a\nmd5_cred=0123456789abcdef0123456789abcdef\n"+
		"[a]\ntype=endpoint\nallow=ulaw\nauth=a\n"), 0o600))
	again, err := readInstallation(dir, cfg, codecs(cfg.Media, slog.New(slog.DiscardHandler)), nil)
	must(t, err)
	if realm, algorithms := asked(cfg, again.endpoints); realm != "one" || len(algorithms) != 2 || again.endpoints.Global.SameIdentity(&in.endpoints.Global) {
		t.Errorf("%q, %v", realm, algorithms)
	}
	if s := again.directory.Endpoints[0].Space; s.Realm != "two" || len(s.Algorithms) != 1 {
		t.Errorf("a hash of the new realm is asked for %+v", s)
	}
}
