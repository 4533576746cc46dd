package endpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/acl"
)

// Load reads pjsip.conf and sip.conf of a directory, each where it is there. The
// error is the first that keeps a file from being read.
func Load(from asterisk.Loader) (*Set, error) {
	var w asterisk.Warnings
	set := &Set{Global: defaultGlobal()}
	read := false // one of them
	for _, file := range []struct {
		name string
		read func(*asterisk.Config) *Set
	}{{"pjsip.conf", FromPJSIP}, {"sip.conf", FromSIP}} {
		config, err := from.Load(file.name, &w)
		if errors.Is(err, fs.ErrNotExist) {
			var inside *asterisk.Error
			if errors.As(err, &inside) {
				return nil, err // an include is missing, not the file
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		part := file.read(config)
		for _, x := range part.Warnings {
			w.Add(x)
		}
		set.merge(part, !read, &w)
		read = true
	}
	named, err := acl.Load(from, &w)
	if err != nil {
		return nil, err
	}
	set.find(named, &w)
	if err := unread(from, &w); err != nil {
		return nil, err
	}
	set.Warnings = slices.Compact(w.List()) // what [general] says is every peer's
	return set, nil
}

// find puts the lists of acl.conf where they are named.
func (s *Set) find(named acl.Named, w *asterisk.Warnings) {
	s.ACL.Find(named, w)
	s.ContactACL.Find(named, w)
	for i := range s.Endpoints {
		s.Endpoints[i].ACL.Find(named, w)
		s.Endpoints[i].ContactACL.Find(named, w)
	}
}

// wizardFile has shorter sections of which Asterisk makes those of pjsip.conf.
const wizardFile = "pjsip_wizard.conf"

// unread warns of the sections of a file that nobody reads.
func unread(from asterisk.Loader, w *asterisk.Warnings) error {
	config, err := from.Load(wizardFile, w)
	var inside *asterisk.Error
	if errors.Is(err, fs.ErrNotExist) && !errors.As(err, &inside) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, s := range config.Live() {
		w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] of %s is not read", s.Name, wizardFile),
			Asterisk: "makes an endpoint or a trunk of it", Here: "there is none", Fix: "write its sections into pjsip.conf"})
	}
	return nil
}

// merge takes over another file's part. Names that are there already are refused, so
// pjsip.conf comes first; so do its globals, where the file is there.
func (s *Set) merge(part *Set, first bool, w *asterisk.Warnings) {
	if first {
		s.Global = part.Global
	} else {
		s.Global.complete(&part.Global, part.general, w)
	}
	s.ACL.And(part.ACL)
	s.ContactACL.And(part.ContactACL)
	for _, t := range part.Transports {
		if other := s.listener(t); other != nil {
			w.Add(asterisk.Warning{File: t.File, Line: t.Line,
				Text:     fmt.Sprintf("%s on port %d is taken by transport %s (%s:%d)", t.Protocol, t.Bind.Port(), other.Name, other.File, other.Line),
				Asterisk: "lets one of them fail", Here: "the first one serves both"})
			continue
		}
		s.Transports = append(s.Transports, t)
	}
	s.Registrations = append(s.Registrations, part.Registrations...)
	s.Identifies = append(s.Identifies, part.Identifies...)
	aors := make(map[string]bool, len(s.AORs))
	for _, a := range s.AORs {
		aors[a.Name] = true
	}
	for _, a := range part.AORs {
		if !aors[a.Name] {
			s.AORs = append(s.AORs, a)
		}
	}
	names := make(map[string]*Endpoint, len(s.Endpoints))
	for i := range s.Endpoints {
		names[s.Endpoints[i].Name] = &s.Endpoints[i]
	}
	for _, e := range part.Endpoints {
		if other := names[e.Name]; other != nil {
			w.Add(asterisk.Warning{File: e.File, Line: e.Line,
				Text:     fmt.Sprintf("[%s] is an endpoint of %s already (line %d)", e.Name, other.File, other.Line),
				Asterisk: "keeps both, each for its technology", Here: "the first answers for SIP/ and PJSIP/ both"})
			continue
		}
		s.Endpoints = append(s.Endpoints, e)
	}
}

// listener is the transport that listens on another's protocol and port already.
func (s *Set) listener(t Transport) *Transport {
	for i := range s.Transports {
		other := &s.Transports[i]
		if other.Protocol == t.Protocol && other.Bind.Port() == t.Bind.Port() && t.Bind.IsValid() &&
			(other.Bind.Addr() == t.Bind.Addr() || other.Bind.Addr().IsUnspecified() || t.Bind.Addr().IsUnspecified()) {
			return other
		}
	}
	return nil
}
