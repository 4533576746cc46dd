package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	asteriskconf "github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/check"
	siptech "github.com/skygenesisenterprise/skybridge/signaling/tech/sip"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// installation is what a directory of Asterisk files says, read whole; immutable.
type installation struct {
	dir       string
	directory *siptech.Directory
	endpoints *endpoint.Set // as the files have them
	plan      *dialplan.Plan
	warnings  []asterisk.Warning
	settings  *asteriskconf.Settings
	// listeners are pjsip.conf's and sip.conf's transports; none leaves the choice
	// to the server's own settings.
	listeners []transport.Listener
	external  outside // of those transports
	tlsClient *tls.Config
	certFile  string
	keyFile   string
}

const (
	defaultData  = "/usr/share/asterisk"
	soundsFolder = "sounds"
)

// readInstallation reads a directory. What cannot be read at all is a
// *config.Error with file and line.
func readInstallation(dir string, cfg config.Config, codecs media.Codecs) (*installation, error) {
	apps, err := applications(&app.Services{}) // their names are enough
	if err != nil {
		return nil, err
	}
	funcs, err := functions(&app.Services{})
	if err != nil {
		return nil, err
	}
	loaded, err := check.Dir(dir, check.Options{Strict: cfg.Strict, Apps: apps, Functions: funcs, Arguments: app.ArgumentChecks})
	if err != nil {
		return nil, fileError(dir, err)
	}
	directory, warnings := siptech.NewDirectory(loaded.Endpoints, siptech.DirectoryOptions{
		Codecs: codecs, RTPTimeout: cfg.RTP.Timeout, Keepalive: cfg.RTP.Keepalive,
	})
	in := &installation{
		dir: dir, directory: directory, endpoints: loaded.Endpoints, plan: loaded.Plan, settings: loaded.Settings,
	}
	for _, t := range loaded.Endpoints.Transports {
		switch t.Protocol {
		case "udp", "tcp", "tls":
			in.listeners = append(in.listeners, transport.Listener{Network: t.Protocol, Address: t.Bind.String()})
		}
	}
	var unheard []asterisk.Warning
	in.external, unheard = outsideOf(loaded.Endpoints.Transports)
	var noCA []asterisk.Warning
	in.tlsClient, noCA = tlsClient(loaded.Endpoints.Transports)
	var all asterisk.Warnings
	for _, w := range slices.Concat(loaded.Warnings, warnings, unheard, noCA, in.chooseCertificate(loaded.Endpoints.Transports)) {
		all.Add(w)
	}
	in.warnings = all.List()
	return in, nil
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
	if cfg.TLS.CertFile == "" {
		cfg.TLS.CertFile, cfg.TLS.KeyFile = in.certFile, in.keyFile
	}
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
