package media

import (
	"context"
	"net/http"

	"github.com/skygenesisenterprise/skybridge/api/ari/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
)

// soundBody is ARI's model Sound.
type soundBody struct {
	ID      string           `json:"id"`
	Text    string           `json:"text,omitempty"`
	Formats []formatLangPair `json:"formats"`
}

// formatLangPair is ARI's model FormatLangPair.
type formatLangPair struct {
	Language string `json:"language"`
	Format   string `json:"format"`
}

var (
	errNoSounds      = rest.Fail(http.StatusNotFound, "No sounds found that matched the query")
	errSoundNotFound = rest.Fail(http.StatusNotFound, "Sound not found")
)

// listSounds is GET /sounds. Both filters are met by one file: a sound that is there in
// the language and, in another language, in the format is not listed.
func (m *Media) listSounds(_ context.Context, r *rest.Request) (rest.Response, error) {
	entries, err := m.sounds.Index()
	if err != nil {
		return rest.Response{}, err
	}
	language, format := r.String("lang"), r.String("format")
	var bodies []soundBody
	for _, e := range entries {
		if body := bodyOf(e, language, format); len(body.Formats) > 0 {
			bodies = append(bodies, body)
		}
	}
	if len(bodies) == 0 {
		return rest.Response{}, errNoSounds
	}
	return rest.OK(bodies)
}

// getSound is GET /sounds/{soundId}.
func (m *Media) getSound(_ context.Context, r *rest.Request) (rest.Response, error) {
	e, err := m.sounds.Entry(r.String("soundId"))
	if fault.Of(err) == fault.NotFound {
		return rest.Response{}, errSoundNotFound
	}
	if err != nil {
		return rest.Response{}, err
	}
	return rest.OK(bodyOf(e, "", ""))
}

// bodyOf is a sound with its variants of a language and a format; empty is any.
func bodyOf(e sound.Entry, language, format string) soundBody {
	body := soundBody{ID: e.ID, Text: e.Text}
	for _, v := range e.Variants {
		if (language == "" || v.Language == language) && (format == "" || v.Format == format) {
			body.Formats = append(body.Formats, formatLangPair{v.Language, v.Format})
		}
	}
	return body
}
