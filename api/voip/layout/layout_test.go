package layout

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

var bodies = []struct {
	name, body, field string // of the error; empty for none
}{
	{"nothing said", `{}`, ""},
	{"who is large", `{"mode":"grid","pinned":["a","b"],"cameras":9,"sizes":[{"participant":"a","kind":"camera","lines":720},{"participant":"a","kind":"screen","lines":0}]}`, ""},
	{"an unknown mode", `{"mode":"round"}`, "body"},
	{"too many who are large", `{"pinned":["a","b","c","d","e"]}`, "body"},
	{"a long name", `{"pinned":["` + strings.Repeat("a", 65) + `"]}`, "body.pinned[0]"},
	{"a negative number of cameras", `{"cameras":-1}`, "body"},
	{"nobody's size", `{"sizes":[{"kind":"camera","lines":1}]}`, "body.sizes[0].participant"},
	{"a size of what is none", `{"sizes":[{"participant":"a","kind":"camera","lines":1},{"participant":"a","kind":"audio","lines":1}]}`, "body.sizes[1].kind"},
	{"a negative size", `{"sizes":[{"participant":"a","kind":"camera","lines":-1}]}`, "body"},
	{"a size beyond all screens", `{"sizes":[{"participant":"a","kind":"camera","lines":4321}]}`, "body"},
}

func TestLayouts(t *testing.T) {
	for _, c := range bodies {
		var b Body
		if err := json.Unmarshal([]byte(c.body), &b); err != nil {
			t.Fatal(err)
		}
		l, err := b.Layout()
		var field *rest.FieldError
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.field != "" && (fault.Of(err) != fault.Invalid || !errors.As(err, &field) || field.Field != c.field):
			t.Errorf("%s: %v", c.name, err)
		case c.field == "" && b.Mode == "" && l.Mode != video.SpeakerMode:
			t.Errorf("%s: mode %q", c.name, l.Mode)
		}
	}
}

// FuzzLayout: whatever is said, what comes of it is a layout that there may be.
func FuzzLayout(f *testing.F) {
	for _, c := range bodies {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var b Body
		if json.Unmarshal(data, &b) != nil {
			return
		}
		if l, err := b.Layout(); err == nil && l.Validate() != nil {
			t.Errorf("%+v is taken", l)
		}
	})
}
