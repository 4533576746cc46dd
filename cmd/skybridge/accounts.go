package main

import (
	"context"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/accounts"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
)

// extend makes the directory of what the files say and of extensions of the API. It is for an
// installation that nobody else has yet.
func (in *installation) extend(extensions []store.Extension) []asterisk.Warning {
	set, doubled := accounts.Add(in.files, extensions)
	d, warnings := directory.New(set, in.options)
	in.endpoints, in.directory = set, d
	return append(doubled, warnings...)
}

// phones is what the API is told of phones, and how an extension that it has made becomes one.
type phones struct{ *server }

// Filed reports whether the files have a number, in any case: no extension can be it.
func (p phones) Filed(number string) bool {
	files := p.loaded.Load().files
	return slices.ContainsFunc(files.Endpoints, func(e endpoint.Endpoint) bool { return strings.EqualFold(e.Name, number) }) ||
		slices.ContainsFunc(files.AORs, func(a endpoint.AOR) bool { return strings.EqualFold(a.Name, number) })
}

// Phone reports whether there is a phone of a number, by the files or by the API.
func (p phones) Phone(number string) bool { return p.loaded.Load().directory.Endpoint(number) != nil }

// Context reports whether the dialplan has a context.
func (p phones) Context(name string) bool { return p.plan.Load().Context(name) != nil }

// Codec reports whether calls can have a codec, by its name in the files.
func (p phones) Codec(name string) bool { return p.codecs.ByConfName(name) != nil }

// Refresh puts the extensions that are stored into effect, and leaves all else as it is.
func (p phones) Refresh(ctx context.Context) error {
	p.reloading.Lock()
	defer p.reloading.Unlock()
	extensions, err := p.db.Extensions.List(ctx)
	if err != nil {
		return err
	}
	was := p.loaded.Load()
	in := *was
	news := slices.DeleteFunc(in.extend(extensions), func(w asterisk.Warning) bool { return slices.Contains(was.warnings, w) })
	if err := p.tech.Configure(ctx, in.directory); err != nil {
		return err
	}
	in.warnings = slices.Concat(was.warnings, news)
	p.loaded.Store(&in)
	asterisk.Say(p.log, news)
	return nil
}
