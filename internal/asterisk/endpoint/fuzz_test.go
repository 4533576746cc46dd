package endpoint

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

// FuzzLoad reads the same text as pjsip.conf and as sip.conf.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("../../../testdata/asterisk/*/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := fstest.MapFS{
			"pjsip.conf": {Data: []byte(text)},
			"sip.conf":   {Data: []byte(text)},
		}
		set, err := Load(asterisk.Loader{FS: files})
		if err != nil {
			return
		}
		for _, w := range set.Warnings {
			if w.File == "" || w.Text == "" {
				t.Fatalf("warning %+v says too little", w)
			}
		}
		for i := range set.Endpoints {
			e := &set.Endpoints[i]
			if set.Endpoint(e.Name) != e {
				t.Fatalf("two endpoints are named %q", e.Name)
			}
			if e.AccountCode == "" && e.Name != "" {
				t.Fatalf("endpoint %q has no account code", e.Name)
			}
		}
	})
}

func FuzzParseRegister(f *testing.F) {
	for _, line := range []string{
		"user@host", "user:secret@host", "user:secret:auth@host:5070/100~60", "tls://u@d:s@h", "peer?u:s@h", "peer?tcp://u:s@h", "u:a@b@[::1]:5060", ":@/", "?://@~",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := ParseRegister(line)
		if err == nil && (r.ServerURI == "" || r.ClientURI == "" || r.Name == "") {
			t.Fatalf("%q gives %+v", line, r)
		}
	})
}
