package directory

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// TestNewDirectory reads the files of testdata/sip/directory: a pjsip.conf or
// sip.conf, and behind "== directory" what it comes to.
func TestNewDirectory(t *testing.T) {
	golden.Files(t, "../../../../testdata/sip/directory/*.txt", "directory", func(t *testing.T, input string) string {
		set, err := endpoint.Load(asterisk.Loader{FS: golden.FS(input)})
		if err != nil {
			t.Fatal(err)
		}
		d, warnings := New(set, Options{Codecs: codecs(), RTPTimeout: time.Minute})
		if err := d.Index(nil); err != nil {
			t.Fatal(err)
		}
		return dump(d, warnings)
	})
}

// dump shows what a directory says beyond zero values.
func dump(d *Directory, warnings []asterisk.Warning) string {
	var b strings.Builder
	fmt.Fprintf(&b, "order %v\n", readOrder(d.Order))
	if !d.ACL.Empty() {
		fmt.Fprintf(&b, "acl %v\n", d.ACL)
	}
	for i := range d.Endpoints {
		show(&b, "endpoint", d.Endpoints[i])
	}
	for i := range d.AORs {
		a := d.AORs[i]
		fmt.Fprintf(&b, "aor %s", a.Name)
		differences(&b, a, registrar.DefaultAOR(a.Name))
	}
	for i := range d.Registrations {
		r := d.Registrations[i]
		fmt.Fprintf(&b, "registration %s: %s at %s, contact %s, by %s, proof %d\n", r.Name, &r.Client, &r.Server, &r.Contact, r.Endpoint, len(r.Credentials))
	}
	for _, w := range warnings {
		fmt.Fprintf(&b, "%s\n", w)
	}
	return b.String()
}

func show(b *strings.Builder, kind string, e Endpoint) {
	fmt.Fprintf(b, "%s %s\n", kind, e.Name)
	v := reflect.ValueOf(e)
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		switch {
		case f.IsZero() || f.Kind() == reflect.Slice && f.Len() == 0 || name == "Name":
		case name == "Codecs":
			var names []string
			for _, c := range e.Codecs {
				names = append(names, c.ConfName)
			}
			fmt.Fprintf(b, "  Codecs %s\n", strings.Join(names, ","))
		case name == "Credentials":
			for _, c := range e.Credentials {
				fmt.Fprintf(b, "  Credentials %s, password %v, HA1 %q\n", c.Username, c.Password != "", c.HA1)
			}
		case name == "Outbound":
			for _, c := range e.Outbound {
				fmt.Fprintf(b, "  Outbound %s for realm %s\n", c.Username, cmp.Or(c.Realm, "that "+c.Name+" asks for first"))
			}
		case name == "Proxy":
			fmt.Fprintf(b, "  Proxy %s\n", &e.Proxy)
		default:
			fmt.Fprintf(b, "  %s %v\n", name, f.Interface())
		}
	}
}

func differences(b *strings.Builder, a, usual registrar.AOR) {
	v, u := reflect.ValueOf(a), reflect.ValueOf(usual)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if reflect.DeepEqual(v.Field(i).Interface(), u.Field(i).Interface()) || v.Field(i).Kind() == reflect.Slice && v.Field(i).Len() == 0 {
			continue
		}
		if name == "Contacts" {
			for _, c := range a.Contacts {
				fmt.Fprintf(b, " Contact=%s", &c)
			}
			continue
		}
		fmt.Fprintf(b, " %s=%v", name, v.Field(i).Interface())
	}
	b.WriteString("\n")
}

// A registration gives up where its file says so, and else never.
func TestMaxRetries(t *testing.T) {
	for file, text := range map[string]string{
		"pjsip.conf": "[r]\ntype = registration\nserver_uri = sip:a\nclient_uri = sip:b\n[m]\ntype = registration\nserver_uri = sip:a\nclient_uri = sip:b\nmax_retries = 10\n",
		"sip.conf":   "[general]\nregisterattempts = 10\nregister => u:p@a\n",
	} {
		set, err := endpoint.Load(asterisk.Loader{FS: golden.FS("== " + file + "\n" + text)})
		if err != nil {
			t.Fatal(err)
		}
		d, _ := New(set, Options{})
		for _, r := range d.Registrations {
			if want := map[bool]int{true: 0, false: 10}[r.Name == "r"]; r.MaxRetries != want {
				t.Errorf("%s of %s: %d retries, want %d", r.Name, file, r.MaxRetries, want)
			}
		}
	}
}
