package settings

import (
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/acl"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// Manager is manager.conf.
type Manager struct {
	Enabled         bool
	BindAddr        string
	Port            int
	TimestampEvents bool
	DisplayConnects bool
	// AuthTimeout is how long a login may take, AuthLimit how many may be pending.
	AuthTimeout   time.Duration
	AuthLimit     int
	MultipleLogin bool
	ChannelVars   []string
	Users         []ManagerUser
}

// ManagerUser is one user of the manager interface.
type ManagerUser struct {
	Name            string
	Secret          string
	Read            []string // classes of events: system, call, all ...
	Write           []string // classes of actions
	ACL             acl.ACL
	EventFilters    []string
	WriteTimeout    time.Duration
	DisplayConnects bool
	MultipleLogin   bool
	SetVars         []string // NAME=value
	File            string
	Line            int
}

func defaultManager() Manager {
	return Manager{
		BindAddr: "0.0.0.0", Port: 5038, DisplayConnects: true, AuthTimeout: 30 * time.Second, AuthLimit: 50, MultipleLogin: true,
	}
}

var managerTable = option.Table[Manager]{
	Name: "[general] of manager.conf",
	Rows: option.Rows[Manager]{
		"enabled":            option.Bool(func(m *Manager) *bool { return &m.Enabled }),
		"bindaddr":           managerBind,
		"port":               option.Number(func(m *Manager) *int { return &m.Port }, 0, 65535),
		"timestampevents":    option.Bool(func(m *Manager) *bool { return &m.TimestampEvents }),
		"displayconnects":    option.Bool(func(m *Manager) *bool { return &m.DisplayConnects }),
		"authtimeout":        option.Duration(func(m *Manager) *time.Duration { return &m.AuthTimeout }, time.Second),
		"authlimit":          option.Number(func(m *Manager) *int { return &m.AuthLimit }, 1, 1<<20),
		"allowmultiplelogin": option.Bool(func(m *Manager) *bool { return &m.MultipleLogin }),
		"channelvars":        option.List(func(m *Manager) *[]string { return &m.ChannelVars }),
	},
	Inert: option.Words(`block-sockets brokeneventsaction debug disabledevents httptimeout tlsbindaddr tlscertfile tlscipher
		tlsdisablev1 tlsdisablev11 tlsdisablev12 tlsenable tlsprivatekey webenabled webmanager_allowed_origins`),
}

func managerBind(m *Manager, v string) error {
	ap, err := option.ParseBind(v, uint16(m.Port))
	if err == nil {
		m.BindAddr, m.Port = ap.Addr().String(), int(ap.Port())
	}
	return err
}

var managerUser = option.Table[ManagerUser]{
	Name: "a user of manager.conf",
	Rows: option.Rows[ManagerUser]{
		"secret":             option.Text(func(u *ManagerUser) *string { return &u.Secret }),
		"password":           option.Text(func(u *ManagerUser) *string { return &u.Secret }),
		"read":               option.List(func(u *ManagerUser) *[]string { return &u.Read }),
		"write":              option.List(func(u *ManagerUser) *[]string { return &u.Write }),
		"permit":             acl.Rules(func(u *ManagerUser) *acl.ACL { return &u.ACL }, true),
		"deny":               acl.Rules(func(u *ManagerUser) *acl.ACL { return &u.ACL }, false),
		"eventfilter":        func(u *ManagerUser, v string) error { u.EventFilters = append(u.EventFilters, v); return nil },
		"writetimeout":       option.Duration(func(u *ManagerUser) *time.Duration { return &u.WriteTimeout }, time.Millisecond),
		"displayconnects":    option.Bool(func(u *ManagerUser) *bool { return &u.DisplayConnects }),
		"allowmultiplelogin": option.Bool(func(u *ManagerUser) *bool { return &u.MultipleLogin }),
		"setvar":             func(u *ManagerUser, v string) error { u.SetVars = append(u.SetVars, v); return nil },
	},
	Inert: option.Words("acl template"),
}

func (m *Manager) read(c *asterisk.Config, w *asterisk.Warnings) {
	sections(c, func(s *asterisk.Section) {
		managerTable.Apply(m, s, w)
		if line := s.Last("enabled"); line != nil && m.Enabled {
			w.Add(asterisk.Warning{File: line.File, Line: line.Line, Text: "the manager interface is enabled", Here: "this version does not serve it"})
		}
	}, func(*asterisk.Section) {})
	sections(c, func(*asterisk.Section) {}, func(s *asterisk.Section) {
		u := ManagerUser{
			Name: s.Name, WriteTimeout: 100 * time.Millisecond, DisplayConnects: m.DisplayConnects,
			MultipleLogin: m.MultipleLogin, File: s.File, Line: s.Line,
		}
		managerUser.Apply(&u, s, w)
		if u.Secret == "" {
			w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] has no secret", s.Name),
				Here: "the user is left out", Fix: "add secret"})
			return
		}
		m.Users = append(m.Users, u)
	})
}
