package endpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// codecNames are Asterisk's codecs; allow=all allows them in this order.
var codecNames = option.Words(`codec2 g723 ulaw alaw gsm g726 g726aal2 adpcm slin slin12 slin16 slin24 slin32
	slin44 slin48 slin96 slin192 lpc10 g729 speex speex16 speex32 ilbc g722 siren7 siren14 testlaw
	g719 opus silk8 silk12 silk16 silk24 evs amr amrwb jpeg png h261 h263 h263p h264 h265 mpeg4 vp8 vp9 red t140 t38`)

// codecAliases are other names for codecs.
var codecAliases = map[string]string{
	"g711u": "ulaw", "pcmu": "ulaw", "mulaw": "ulaw", "g711a": "alaw", "pcma": "alaw", "slinear": "slin",
	"slinear16": "slin16", "g729a": "g729", "g.729": "g729", "h263+": "h263p", "g723.1": "g723",
}

// allow carries out allow=: names in order, "all", and with "!" taken away again. A
// packet length ("ulaw:30") is not kept.
func allow[T any](field func(*T) *[]string) func(*T, string) error {
	return func(t *T, v string) error {
		var unknown error
		for _, name := range option.Split(v) {
			bare, taken := strings.CutPrefix(name, "!")
			codecs, err := codecList(bare)
			if err != nil {
				unknown = err
				continue
			}
			*field(t) = change(*field(t), codecs, !taken)
		}
		return unknown
	}
}

// disallow carries out disallow=.
func disallow[T any](field func(*T) *[]string) func(*T, string) error {
	return func(t *T, v string) error {
		var unknown error
		for _, name := range option.Split(v) {
			bare, added := strings.CutPrefix(name, "!")
			codecs, err := codecList(bare)
			if err != nil {
				unknown = err
				continue
			}
			*field(t) = change(*field(t), codecs, added)
		}
		return unknown
	}
}

// codecList is the codecs that one name stands for.
func codecList(name string) ([]string, error) {
	name, _, _ = strings.Cut(strings.ToLower(name), ":")
	if name == "all" {
		return codecNames, nil
	}
	if alias, ok := codecAliases[name]; ok {
		name = alias
	}
	if slices.Contains(codecNames, name) {
		return []string{name}, nil
	}
	if near := asterisk.Nearest(name, codecNames); near != "" {
		return nil, fmt.Errorf("there is no codec %q, perhaps %s is meant", name, near)
	}
	return nil, fmt.Errorf("there is no codec %q", name)
}

// change adds codecs that are not there, at the end, or takes them away. It never
// writes into what it is given: endpoints share their defaults.
func change(have, codecs []string, add bool) []string {
	var out []string
	for _, c := range have {
		if add || !slices.Contains(codecs, c) {
			out = append(out, c)
		}
	}
	if add {
		for _, c := range codecs {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}
