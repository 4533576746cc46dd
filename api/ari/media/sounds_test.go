package media_test

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/ari/media"
	"github.com/skygenesisenterprise/skybridge/api/ari/rest"
	codecs "github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
)

// answer is what an operation answers, as JSON; of an error its status and message.
func answer(t *testing.T, m *media.Media, operation string, r *rest.Request) (status int, body string) {
	t.Helper()
	resp, err := m.Operations()[operation](t.Context(), r)
	if f := rest.FailureOf(err); f != nil {
		return f.Status, f.Message
	}
	data, err := json.Marshal(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Status, string(data)
}

func library(t *testing.T) *sound.Library {
	t.Helper()
	root := t.TempDir()
	for file, text := range map[string]string{"en/hello.wav": "", "en/digits/1.ulaw": "", "fr/hello.g722": "", "en/core-sounds-en.txt": "hello: Hello.\n"} {
		file = filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return sound.NewLibrary(codecs.Codecs{}, root)
}

func TestListSounds(t *testing.T) {
	m := media.New(library(t))
	const (
		digit = `{"id":"digits/1","formats":[{"language":"en","format":"ulaw"}]}`
		none  = "No sounds found that matched the query"
	)
	for _, c := range []struct {
		query  string
		status int
		body   string
	}{
		{"", 200, `[` + digit + `,{"id":"hello","text":"Hello.","formats":[{"language":"en","format":"slin"},{"language":"fr","format":"g722"}]}]`},
		{"lang=fr", 200, `[{"id":"hello","text":"Hello.","formats":[{"language":"fr","format":"g722"}]}]`},
		{"format=ulaw", 200, `[` + digit + `]`},
		{"lang=&format=", 200, `[` + digit + `,{"id":"hello","text":"Hello.","formats":[{"language":"en","format":"slin"},{"language":"fr","format":"g722"}]}]`},
		{"lang=fr&format=slin", 404, none},
		{"lang=de", 404, none},
		{"format=wav", 404, none},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := answer(t, m, "sounds.list", &rest.Request{Query: query}); status != c.status || body != c.body {
			t.Errorf("%s: %d %s", c.query, status, body)
		}
	}
	if status, body := answer(t, media.New(sound.NewLibrary(codecs.Codecs{})), "sounds.list", &rest.Request{}); status != 404 || body != none {
		t.Errorf("without folders: %d %s", status, body)
	}
}

func TestGetSound(t *testing.T) {
	m := media.New(library(t))
	for id, want := range map[string]struct {
		status int
		body   string
	}{
		"digits/1":    {200, `{"id":"digits/1","formats":[{"language":"en","format":"ulaw"}]}`},
		"hello":       {200, `{"id":"hello","text":"Hello.","formats":[{"language":"en","format":"slin"},{"language":"fr","format":"g722"}]}`},
		"absent":      {404, "Sound not found"},
		"../en/hello": {404, "Sound not found"},
	} {
		if status, body := answer(t, m, "sounds.get", &rest.Request{Path: map[string]string{"soundId": id}}); status != want.status || body != want.body {
			t.Errorf("%s: %d %s", id, status, body)
		}
	}
}
