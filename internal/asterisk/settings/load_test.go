package settings

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
)

// TestLoad reads every file of testdata/asterisk/settings: parts that begin with
// "== name" are the configuration's files, "settings" what they are read as, "strict"
// what Asterisk would make of them.
func TestLoad(t *testing.T) {
	golden.Files(t, "../../../testdata/asterisk/settings/*.txt", "settings", func(t *testing.T, input string) string {
		from := asterisk.Loader{FS: golden.FS(input)}
		s, err := Load(from, false)
		if err != nil {
			t.Fatal(err)
		}
		strict, err := Load(from, true)
		if err != nil {
			t.Fatal(err)
		}
		return dump(s) + "== strict\n" + dump(strict)
	})
}

func dump(s *Settings) string {
	var b strings.Builder
	changed(&b, "rtp", s.RTP, defaultRTP())
	changed(&b, "http", s.HTTP, defaultHTTP())
	ari := s.ARI
	users := ari.Users
	ari.Users = nil
	changed(&b, "ari", ari, defaultARI())
	for _, u := range users {
		changed(&b, "ari user "+u.Name, u, ARIUser{})
	}
	for _, n := range slices.Sorted(maps.Keys(s.ConfBridge.Users)) {
		changed(&b, "user profile "+n, s.ConfBridge.Users[n], defaultUserProfile())
	}
	for _, n := range slices.Sorted(maps.Keys(s.ConfBridge.Bridges)) {
		changed(&b, "bridge profile "+n, s.ConfBridge.Bridges[n], defaultBridgeProfile())
	}
	for _, n := range slices.Sorted(maps.Keys(s.ConfBridge.Menus)) {
		fmt.Fprintf(&b, "menu %s %v\n", n, s.ConfBridge.Menus[n])
	}
	for _, n := range slices.Sorted(maps.Keys(s.Music.Classes)) {
		changed(&b, "music "+n, s.Music.Classes[n], MusicClass{Mode: "files"})
	}
	manager := s.Manager
	managers := manager.Users
	manager.Users = nil
	changed(&b, "manager", manager, defaultManager())
	for _, u := range managers {
		changed(&b, "manager user "+u.Name, u, ManagerUser{})
	}
	changed(&b, "main", s.Main, defaultMain())
	for _, w := range s.Warnings {
		fmt.Fprintf(&b, "! %s\n", w)
	}
	return b.String()
}

// changed writes the exported fields of a struct that differ from another's.
func changed(b *strings.Builder, title string, v, from any) {
	fmt.Fprintf(b, "%s\n", title)
	rv, rf := reflect.ValueOf(v), reflect.ValueOf(from)
	for i := range rv.NumField() {
		f := rv.Type().Field(i)
		if !f.IsExported() || f.Name == "Name" || f.Name == "File" || f.Name == "Line" {
			continue
		}
		if x := rv.Field(i).Interface(); !reflect.DeepEqual(x, rf.Field(i).Interface()) {
			fmt.Fprintf(b, "  %s %v\n", f.Name, x)
		}
	}
}

// TestSeeds reads the ari.conf of the integration guide, whose http options stand in
// the wrong file.
func TestSeeds(t *testing.T) {
	for dir, user := range map[string]string{"seed-en": "skygenesisenterprise", "seed-fr": "sky-genesis"} {
		t.Run(dir, func(t *testing.T) {
			from, err := asterisk.OpenDir("../../../testdata/asterisk/" + dir)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Load(from, false)
			if err != nil {
				t.Fatal(err)
			}
			if !s.ARI.Enabled || len(s.ARI.Users) != 1 || s.ARI.Users[0].Name != user ||
				s.ARI.Users[0].Password != "your_secure_password" || s.ARI.Users[0].ReadOnly {
				t.Errorf("ari is %+v", s.ARI)
			}
			if h := s.HTTP; !h.Enabled || h.Listen() != "0.0.0.0:8088" || !h.TLS || h.TLSBind.String() != "0.0.0.0:8089" ||
				h.CertFile != "/etc/asterisk/keys/asterisk.crt" || h.PrivKeyFile != "/etc/asterisk/keys/asterisk.key" {
				t.Errorf("http is %+v", h)
			}
			if len(s.Warnings) != 6 {
				t.Fatalf("%d warnings, want one for each of 5 lines and one of the users: %v", len(s.Warnings), s.Warnings)
			}
			for i, w := range s.Warnings[:5] {
				if w.File != "ari.conf" || w.Line != i+3 || w.Asterisk == "" || w.Fix == "" {
					t.Errorf("warning %+v", w)
				}
			}
			if strict, err := Load(from, true); err != nil || strict.ARI.Enabled || strict.HTTP.Enabled {
				t.Errorf("strictly, ari is %+v and http %+v (%v)", strict.ARI, strict.HTTP, err)
			}
		})
	}
}

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
		files := fstest.MapFS{}
		for _, name := range []string{"asterisk.conf", "rtp.conf", "http.conf", "ari.conf", "confbridge.conf", "musiconhold.conf", "manager.conf"} {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		s, err := Load(asterisk.Loader{FS: files}, false)
		if err != nil {
			return
		}
		if _, ok := s.ConfBridge.Users[DefaultUser]; !ok {
			t.Fatal("there is no default user profile")
		}
	})
}
