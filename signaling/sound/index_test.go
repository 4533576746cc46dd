package sound_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
)

// installed is a library of two folders; their files are there by name alone.
func installed(t *testing.T) *sound.Library {
	t.Helper()
	root := t.TempDir()
	for file, text := range map[string]string{
		"own/en/hello.sln48": "", "own/en/hello.wav": "", "own/beside.wav": "", "own/en/notes.md": "",
		"sys/voice/hello.wav": "", "sys/voice/hello.sln": "", "sys/voice/digits/1.ulaw": "",
		"sys/fr/digits/1.g722": "", "sys/voice/LOUD.WAV": "", "secret.wav": "",
		"sys/voice/core-sounds-en.txt": "; spoken\nhello: Hello: you\n there\ndigits/1:one\nabsent: never\n",
	} {
		file = filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("voice", filepath.Join(root, "sys/en")); err != nil {
		t.Fatal(err)
	}
	return sound.NewLibrary(media.Codecs{}, filepath.Join(root, "own"), filepath.Join(root, "sys"), filepath.Join(root, "gone"))
}

var indexed = []sound.Entry{
	{ID: "digits/1", Text: "one", Variants: []sound.Variant{{Language: "en", Format: "ulaw"}, {Language: "fr", Format: "g722"}, {Language: "voice", Format: "ulaw"}}},
	{ID: "hello", Text: "Hello: you\n there", Variants: []sound.Variant{
		{Language: "en", Format: "slin"}, {Language: "en", Format: "slin48"}, {Language: "voice", Format: "slin"},
	}},
}

func TestIndexHasEverySoundOnce(t *testing.T) {
	l := installed(t)
	got, err := l.Index()
	if err != nil || !reflect.DeepEqual(got, indexed) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, want := range indexed {
		if got, err := l.Entry(want.ID); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", want.ID, got, err)
		}
	}
}

func TestEntryOfWhatIsNoSound(t *testing.T) {
	l := installed(t)
	for _, id := range []string{
		"absent", "", ".", "..", "../hello", "../../secret", "/etc/passwd", "digits", "beside",
		"hello.wav", "hello\x00", `..\hello`, "digits//1", strings.Repeat("a", 300),
	} {
		if e, err := l.Entry(id); fault.Of(err) != fault.NotFound {
			t.Errorf("%.20q: %+v, %v", id, e, err)
		}
	}
}
