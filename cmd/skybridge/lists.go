package main

import (
	"log/slog"

	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/g729"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/app/contacts"
	"github.com/skygenesisenterprise/skybridge/signaling/app/line"
	"github.com/skygenesisenterprise/skybridge/signaling/app/pickup"
	"github.com/skygenesisenterprise/skybridge/signaling/app/sendaway"
	"github.com/skygenesisenterprise/skybridge/signaling/app/service"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
)

// codecs is every codec of the server, one line each. G.729 is transcoded with a
// library of the operator's; without it, it passes through.
func codecs(cfg config.Media, log *slog.Logger) media.Codecs {
	return media.Codecs{
		opus.Codec(),
		g722.Codec(),
		g711.MuLaw(),
		g711.ALaw(),
		l16.Wideband(),
		l16.Narrowband(),
		g729Codec(cfg.G729, log),
	}
}

// g729Codec is G.729 as the settings want it, as far as it can be had.
func g729Codec(library string, log *slog.Logger) *media.Codec {
	if library == config.Off {
		return g729.PassThrough()
	}
	if library == config.Auto {
		library = g729.Auto
	}
	codec, err := g729.Load(library)
	if err != nil {
		log.Warn("G.729 passes through and is not transcoded: its library is not here", "library", library, "err", err)
		return g729.PassThrough()
	}
	log.Info("G.729 is transcoded", "library", library)
	return codec
}

// encoderOf is how a class of legs is sent Opus.
func encoderOf(o config.Opus) media.EncoderConfig {
	return media.EncoderConfig{Bitrate: int32(o.Bitrate), Complexity: int8(o.Complexity), LowDelay: o.Profile == config.OpusLowDelay}
}

// applications is every dialplan application.
func applications(s *app.Services, desk *pickup.Desk) (dialplan.Apps, error) {
	return dialplan.NewApps(dialplan.Builtins(), app.Applications(s), desk.Applications(), sendaway.Applications())
}

// functions is every dialplan function.
func functions(s *app.Services, phones contacts.Finder) (dialplan.Functions, error) {
	return dialplan.NewFunctions(function.All(), app.Functions(s), line.Functions(), service.Functions(s.Extensions), contacts.Functions(phones))
}
