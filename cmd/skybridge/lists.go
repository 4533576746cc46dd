package main

import (
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
)

// codecs is every codec of the server, one line each.
func codecs() media.Codecs {
	return media.Codecs{
		opus.Codec(),
		g722.Codec(),
		g711.MuLaw(),
		g711.ALaw(),
		l16.Wideband(),
		l16.Narrowband(),
	}
}

// applications is every dialplan application.
func applications(s *app.Services) (dialplan.Apps, error) {
	return dialplan.NewApps(dialplan.Builtins(), app.Applications(s))
}

// functions is every dialplan function.
func functions() (dialplan.Functions, error) {
	return dialplan.NewFunctions(function.All())
}
