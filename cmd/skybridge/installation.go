package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/outside"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	asteriskconf "github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/tlsclient"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/tlsserver"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/app/pickup"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/check"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/trunks"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// installation is what a directory of Asterisk files says, read whole; immutable.
type installation struct {
	dir       string
	directory *directory.Directory
	endpoints *endpoint.Set // as the files have them, with the extensions of the API
	files     *endpoint.Set // as the files and the trunks of the settings have them
	options   directory.Options
	plan      *dialplan.Plan
	warnings  []asterisk.Warning
	settings  *asteriskconf.Settings
	// listeners are pjsip.conf's and sip.conf's transports; none leaves the choice
	// to the server's own settings.
	listeners []transport.Listener
	external  outside.Told    // of those transports
	tlsClient *tls.Config     // of who is no trunk's server
	trunksTLS trunks.Security // of who is
	tlsServer *tlsserver.Policies
	certFile  string
	keyFile   string
}

const (
	defaultData  = "/usr/share/asterisk"
	soundsFolder = "sounds"
)

// readInstallation reads a directory, to which the extensions that the API has made come.
// What cannot be read at all is a *config.Error with file and line.
func readInstallation(dir string, cfg config.Config, codecs media.Codecs, extensions []store.Extension) (*installation, error) {
	apps, err := applications(&app.Services{}, new(pickup.Desk)) // their names are enough
	if err != nil {
		return nil, err
	}
	funcs, err := functions(&app.Services{}, nil)
	if err != nil {
		return nil, err
	}
	loaded, err := check.Dir(dir, check.Options{Strict: cfg.Strict, Apps: apps, Functions: funcs, Arguments: app.ArgumentChecks})
	if err != nil {
		return nil, fileError(dir, err)
	}
	plan, err := trunks.Add(loaded.Endpoints, &cfg.SIP)
	if err != nil {
		at := cfg.Origin("sip.trunks")
		return nil, &config.Error{File: at.File, Line: at.Line, Err: fmt.Errorf("sip.trunks: %w", err)}
	}
	realm, algorithms := asked(cfg, loaded.Endpoints)
	limits := cfg.Origin("sip.phone_calls.endpoints")
	in := &installation{
		dir: dir, files: loaded.Endpoints, plan: loaded.Plan, settings: loaded.Settings, trunksTLS: plan.Security,
	}
	in.options = directory.Options{
		Realm: realm, Algorithms: digestAlgorithms(algorithms),
		Codecs: codecs, RTPTimeout: cfg.RTP.Timeout, Keepalive: cfg.RTP.Keepalive, Policies: plan.Policies, Groups: plan.Groups,
		Calls:     directory.PhoneCalls{PerMinute: cfg.SIP.PhoneCalls.PerMinute, Of: cfg.SIP.PhoneCalls.Of(), File: limits.File, Line: limits.Line},
		Emergency: cfg.SIP.Emergency,
	}
	warnings := in.extend(extensions)
	for _, t := range loaded.Endpoints.Transports {
		switch t.Protocol {
		case "udp", "tcp", "tls":
			in.listeners = append(in.listeners, transport.Listener{Name: t.Name, Network: t.Protocol, Address: t.Bind.String()})
		}
	}
	var unheard []asterisk.Warning
	in.external, unheard = outside.Of(loaded.Endpoints.Transports)
	var noCA, noClients []asterisk.Warning
	in.tlsClient, noCA = tlsclient.Config(loaded.Endpoints.Transports)
	noCA = append(noCA, unverified(plan.Unverified, cfg.Origin("sip.trunks"))...)
	in.tlsServer, noClients = tlsserver.Read(loaded.Endpoints.Transports)
	var all asterisk.Warnings
	for _, w := range slices.Concat(loaded.Warnings, warnings, unheard, noCA, noClients, in.chooseCertificate(loaded.Endpoints.Transports)) {
		all.Add(w)
	}
	in.warnings = all.List()
	return in, nil
}

// unverified are the warnings of trunks of the settings whose servers prove no name to us if
// they are spoken to over TLS.
func unverified(trunks []string, at config.Origin) []asterisk.Warning {
	out := make([]asterisk.Warning, 0, len(trunks))
	for _, name := range trunks {
		out = append(out, asterisk.Warning{
			File: at.File, Line: at.Line, Text: fmt.Sprintf("trunk %s: the certificate of its server is not verified (tls_verify: false)", name),
			Here: "whoever sits on the way can be that server",
			Fix:  "tls_verify: true, and tls_ca where no public authority has signed the certificate",
		})
	}
	return out
}

// fileError gives an error of the files the place where it is.
func fileError(dir string, err error) error {
	var inside *asterisk.Error
	if errors.As(err, &inside) {
		return &config.Error{File: filepath.Join(dir, inside.File), Line: inside.Line, Err: errors.New(inside.Text)}
	}
	return &config.Error{File: dir, Err: err}
}

// apply lets the files speak where nobody has made the setting: ports of rtp.conf
// and http.conf, the certificate.
func (in *installation) apply(cfg *config.Config) {
	if cfg.AsteriskDir == "" {
		return // the files of a fresh installation leave it to the settings
	}
	if r := in.settings.RTP; r.Start > 0 && r.End > r.Start && !cfg.IsSet("rtp.ports") {
		cfg.RTP.Ports = fmt.Sprintf("%d-%d", r.Start, r.End)
	}
	if every := in.settings.RTP.RTCPInterval; every > 0 && !cfg.IsSet("rtp.report_interval") {
		cfg.RTP.ReportInterval = min(max(every, 500*time.Millisecond), time.Minute) // as Asterisk bounds it
	}
	if every := in.endpoints.Global.KeepAlive; !cfg.IsSet("sip.keep_alive") {
		cfg.SIP.KeepAlive = every
	}
	cfg.SIP.Realm, cfg.SIP.Algorithms = asked(*cfg, in.endpoints)
	cfg.Pin("sip.realm", "sip.algorithms") // a reload makes no other challenges
	if agent := in.endpoints.Global.UserAgent; agent != "" && !cfg.IsSet("sip.user_agent") {
		cfg.SIP.UserAgent = agent
	}
	if t1 := in.endpoints.Global.TimerT1; !cfg.IsSet("sip.t1") {
		cfg.SIP.T1 = t1
	}
	if in.endpoints.Global.DisableTCPSwitch && !cfg.IsSet("sip.udp_max") {
		cfg.SIP.UDPMax = 0
	}
	h := in.settings.HTTP
	if !cfg.IsSet("ari.listen") {
		cfg.ARI.Listen = config.Off
		if h.Enabled {
			cfg.ARI.Listen = h.Listen()
		}
	}
	if !cfg.IsSet("ari.tls_listen") {
		cfg.ARI.TLSListen = config.Off
		if h.Enabled && h.TLS {
			cfg.ARI.TLSListen = h.TLSBind.String()
		}
	}
	if cfg.TLS.CertFile == "" && !cfg.TLS.ACME.On() {
		cfg.TLS.CertFile, cfg.TLS.KeyFile = in.certFile, in.keyFile
	}
}

// takesEffect tells what of a reload does not yet.
func (in *installation) takesEffect(was *installation, log *slog.Logger) {
	if !in.endpoints.Global.SameIdentity(&was.endpoints.Global) {
		log.Warn("realm, digests, user agent and timer of the files change when the server is started again")
	}
}

// asked is the realm and the digests that callers are challenged for: those of the settings,
// or of the files where nobody has made the setting.
func asked(cfg config.Config, files *endpoint.Set) (realm string, algorithms []string) {
	realm, algorithms = cfg.SIP.Realm, cfg.SIP.Algorithms
	if cfg.AsteriskDir == "" {
		return realm, algorithms
	}
	if !cfg.IsSet("sip.realm") {
		realm = files.Global.Realm
	}
	if names := files.Global.Algorithms; len(names) > 0 && !cfg.IsSet("sip.algorithms") {
		algorithms = names
	}
	return realm, algorithms
}

// chooseCertificate takes the first certificate that the files name and that is
// there. One that is missing keeps Asterisk from serving TLS; here it is said, and
// the server's own certificate is used.
func (in *installation) chooseCertificate(transports []endpoint.Transport) (missing []asterisk.Warning) {
	type pair struct {
		cert, key, file string
		line            int
	}
	var named []pair
	for _, t := range transports {
		named = append(named, pair{t.CertFile, t.PrivKeyFile, t.File, t.Line})
	}
	if h := in.settings.HTTP; h.TLS {
		file, line := h.CertPlace()
		named = append(named, pair{h.CertFile, cmp.Or(h.PrivKeyFile, h.CertFile), file, line})
	}
	for _, p := range named {
		if p.cert == "" || p.key == "" {
			continue
		}
		if reasons := unreadable(p.cert, p.key); reasons != "" {
			missing = append(missing, asterisk.Warning{
				File: p.file, Line: p.line, Text: "certificate: " + reasons, Asterisk: "serves no TLS",
				Here: "a self-signed certificate is used", Fix: "put the files there",
			})
			continue
		}
		in.certFile, in.keyFile = p.cert, p.key
		break
	}
	return missing
}

// unreadable says why files cannot be read, "" when they can.
func unreadable(files ...string) string {
	var reasons []string
	for _, file := range files {
		f, err := os.Open(file) //nolint:gosec // the operator's files name it
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			reasons = append(reasons, err.Error())
		}
	}
	return strings.Join(slices.Compact(reasons), "; ")
}

// sipListeners are the transports of the files, or those of the settings where the
// files have none. A setting that somebody made replaces the transports it speaks of
// and leaves the others: sip.listen those of UDP and TCP, sip.tls_listen those of TLS.
func (in *installation) sipListeners(cfg config.Config) []transport.Listener {
	own := []transport.Listener{
		{Network: "udp", Address: cfg.SIP.Listen},
		{Network: "tcp", Address: cfg.SIP.Listen},
		{Network: "tls", Address: cfg.SIP.TLSListen},
	}
	if cfg.AsteriskDir == "" || len(in.listeners) == 0 {
		return own
	}
	set := func(l transport.Listener) bool {
		if l.Network == "tls" {
			return cfg.IsSet("sip.tls_listen")
		}
		return cfg.IsSet("sip.listen")
	}
	var out []transport.Listener
	for _, l := range in.listeners {
		if !set(l) {
			out = append(out, l)
		}
	}
	for _, l := range own {
		if set(l) {
			out = append(out, l)
		}
	}
	return out
}

// soundDir is where Asterisk keeps its sounds.
func (in *installation) soundDir() string { return filepath.Join(in.dataDir(), soundsFolder) }

// dataDir is where Asterisk keeps its sounds and music.
func (in *installation) dataDir() string { return cmp.Or(in.settings.Main.Data, defaultData) }

// monitorDir is where recordings of conversations go: where asterisk.conf says, or
// below the server's own folder.
func (in *installation) monitorDir(dataDir string) string {
	return filepath.Join(cmp.Or(in.settings.Main.Spool, dataDir), "monitor")
}
