package settings

import (
	"fmt"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// ARI is ari.conf.
type ARI struct {
	Enabled        bool
	Pretty         bool
	AuthRealm      string
	AllowedOrigins []string
	// ChannelVars are the variables that every channel shows.
	ChannelVars           []string
	WebSocketWriteTimeout time.Duration
	Users                 []ARIUser
}

// ARIUser is one user of ARI.
type ARIUser struct {
	Name     string
	ReadOnly bool
	// Password is in the clear, or a crypt(3) hash when Crypt is true.
	Password string
	Crypt    bool
	File     string
	Line     int
}

func lower(s string) string { return strings.ToLower(s) }

func defaultARI() ARI {
	return ARI{Enabled: true, AuthRealm: "Asterisk REST Interface", WebSocketWriteTimeout: 100 * time.Millisecond}
}

var ariTable = option.Table[ARI]{
	Name: "[general] of ari.conf",
	Rows: option.Rows[ARI]{
		"enabled":                 option.Bool(func(a *ARI) *bool { return &a.Enabled }),
		"pretty":                  option.Bool(func(a *ARI) *bool { return &a.Pretty }),
		"auth_realm":              option.Text(func(a *ARI) *string { return &a.AuthRealm }),
		"allowed_origins":         option.List(func(a *ARI) *[]string { return &a.AllowedOrigins }),
		"channelvars":             option.List(func(a *ARI) *[]string { return &a.ChannelVars }),
		"websocket_write_timeout": option.Duration(func(a *ARI) *time.Duration { return &a.WebSocketWriteTimeout }, time.Millisecond),
	},
}

var ariUser = option.Table[ARIUser]{
	Name: "a user of ari.conf",
	Rows: option.Rows[ARIUser]{
		"read_only": option.Bool(func(u *ARIUser) *bool { return &u.ReadOnly }),
		"password":  option.Text(func(u *ARIUser) *string { return &u.Password }),
		"password_format": func(u *ARIUser, v string) error {
			if !strings.EqualFold(v, "plain") && !strings.EqualFold(v, "crypt") {
				return fmt.Errorf("%q is none of plain, crypt", v)
			}
			u.Crypt = strings.EqualFold(v, "crypt")
			return nil
		},
	},
	Inert: option.Words("acl deny permit"),
}

// read also takes options that belong to http.conf, as many an ari.conf has them;
// where http.conf says otherwise, that counts.
func (a *ARI) read(c *asterisk.Config, h *HTTP, strict bool, w *asterisk.Warnings) {
	for _, s := range c.Live() {
		typ, _ := s.Get("type")
		switch {
		case s.Name == "general":
			a.readGeneral(s, h, strict, w)
		case typ == "user" || typ == "":
			u := ARIUser{Name: s.Name, File: s.File, Line: s.Line}
			ariUser.Apply(&u, s, w)
			if u.Password == "" {
				w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] has no password", s.Name),
					Here: "the user is left out", Fix: "add password"})
				continue
			}
			if u.Crypt {
				w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] has a password by crypt", s.Name),
					Here: "the user is refused", Fix: "write password_format = plain"})
			}
			if len(a.Users) == 0 {
				w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] users of ARI are accepted", s.Name),
					Here: "this version tells them of the server, its channels and bridges; it has no events and changes nothing for them"})
			}
			a.Users = append(a.Users, u)
		case typ == "outbound_websocket":
			w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] type=%s is accepted", s.Name, typ), Here: "it has no effect"})
		default:
			w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] there is no type %q in ari.conf", s.Name, typ),
				Here: "the section is skipped", Fix: "write type=user"})
		}
	}
}

func (a *ARI) readGeneral(s *asterisk.Section, h *HTTP, strict bool, w *asterisk.Warnings) {
	own := asterisk.Section{Name: s.Name, File: s.File, Line: s.Line}
	turnedOff := false
	for _, set := range s.Settings {
		take := httpShared[lower(set.Key)]
		if take == nil {
			own.Settings = append(own.Settings, set)
			continue
		}
		warning := asterisk.Warning{File: set.File, Line: set.Line, Text: fmt.Sprintf("%s belongs into http.conf", set.Key),
			Asterisk: "does not know it here and turns ARI off", Here: "it is taken", Fix: "move it to http.conf"}
		switch {
		case strict:
			warning.Here = "ARI is off too"
			turnedOff = true
		case h.set[lower(set.Key)]:
			warning.Here = "http.conf's counts"
		default:
			if err := take(h, set.Value); err != nil {
				warning.Here = fmt.Sprintf("it is skipped: %v", err)
				break
			}
			h.takenFrom(set)
			if !h.set["enabled"] {
				h.Enabled = true
			}
		}
		w.Add(warning)
	}
	ariTable.Apply(a, &own, w)
	if turnedOff {
		a.Enabled = false
	}
}
