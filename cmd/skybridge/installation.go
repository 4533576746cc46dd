package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	siptech "github.com/skygenesisenterprise/skybridge/signaling/tech/sip"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

type installation struct {
	dir       string
	directory *siptech.Directory
	plan      *dialplan.Plan
	warnings  []asterisk.Warning
	soundDir  string
}

func (in *installation) roomLimit(string) int { return 0 }
func (in *installation) apply(*config.Config) {}

func readInstallation(dir string, cfg config.Config, codecs media.Codecs) (*installation, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, &config.Error{File: dir, Err: err}
	}
	l, err := asterisk.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	in := &installation{dir: dir, soundDir: "/usr/share/asterisk/sounds"}
	in.plan, err = dialplan.LoadFile(l, "extensions.conf", cfg.Strict)
	if err != nil {
		return nil, &config.Error{File: filepath.Join(dir, "extensions.conf"), Err: err}
	}
	var w asterisk.Warnings
	c, err := l.Load("pjsip.conf", &w)
	if err != nil {
		return nil, &config.Error{File: filepath.Join(dir, "pjsip.conf"), Err: err}
	}
	d := &siptech.Directory{Order: []string{"ip", "username"}}
	auths := map[string]digest.Credentials{}
	get := func(s *asterisk.Section, k string) string { v, _ := s.Get(k); return v }
	for _, s := range c.Live() {
		if get(s, "type") == "auth" {
			auths[s.Name] = digest.Credentials{Username: get(s, "username"), Password: get(s, "password")}
		}
		if o := get(s, "endpoint_identifier_order"); o != "" {
			d.Order = strings.Split(o, ",")
		}
	}
	for _, s := range c.Live() {
		switch get(s, "type") {
		case "endpoint":
			e := siptech.Endpoint{Name: s.Name, ConfTech: "PJSIP", Context: get(s, "context"), Symmetric: true, Rewrite: true, RTPTimeout: 30 * time.Second}
			for _, n := range strings.Split(get(s, "allow"), ",") {
				if c := codecs.ByConfName(strings.TrimSpace(n)); c != nil {
					e.Codecs = append(e.Codecs, c)
				}
			}
			if a, ok := auths[get(s, "auth")]; ok {
				e.Credentials = []digest.Credentials{a}
			}
			if a, ok := auths[get(s, "outbound_auth")]; ok {
				e.Outbound = []sip.Credential{{Realm: "*", Username: a.Username, Password: a.Password}}
			}
			if a := get(s, "aors"); a != "" {
				e.AORs = []string{a}
			}
			if cid := get(s, "callerid"); cid != "" {
				n, num, _ := strings.Cut(cid, "<")
				e.Caller = signaling.CallerID{Name: strings.Trim(n, " \""), Number: strings.Trim(num, "> ")}
			}
			d.Endpoints = append(d.Endpoints, e)
		case "aor":
			a := registrar.DefaultAOR(s.Name)
			if n, err := strconv.Atoi(get(s, "max_contacts")); err == nil {
				a.MaxContacts = n
			}
			a.RemoveExisting = get(s, "remove_existing") == "yes"
			a.RewriteContact = true
			if u := get(s, "contact"); u != "" {
				uri, err := sip.ParseURI(u)
				if err != nil {
					return nil, err
				}
				a.Contacts = append(a.Contacts, uri)
			}
			if n, err := strconv.Atoi(get(s, "qualify_frequency")); err == nil {
				a.QualifyFrequency = time.Duration(n) * time.Second
			}
			d.AORs = append(d.AORs, a)
		case "registration":
			t := trunk.Default(s.Name)
			t.Server, _ = sip.ParseURI(get(s, "server_uri"))
			t.Client, _ = sip.ParseURI(get(s, "client_uri"))
			t.Contact = sip.URI{Scheme: "sip", User: get(s, "contact_user")}
			t.Endpoint = get(s, "endpoint")
			t.RetryInterval = 2 * time.Second
			if a, ok := auths[get(s, "outbound_auth")]; ok {
				t.Credentials = []sip.Credential{{Realm: "*", Username: a.Username, Password: a.Password}}
			}
			d.Registrations = append(d.Registrations, t)
		}
	}
	for _, s := range c.Live() {
		if get(s, "type") == "identify" {
			for i := range d.Endpoints {
				if d.Endpoints[i].Name == get(s, "endpoint") {
					m := get(s, "match")
					if a, err := netip.ParseAddr(m); err == nil {
						d.Endpoints[i].Match = append(d.Endpoints[i].Match, netip.PrefixFrom(a, a.BitLen()))
					}
				}
			}
		}
	}
	in.directory = d
	in.warnings = append(w.List(), in.plan.Warnings...)
	return in, nil
}
