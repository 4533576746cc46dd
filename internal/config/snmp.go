package config

import (
	"errors"
	"slices"
)

// SNMP is the SNMP agent.
type SNMP struct {
	Listen string `koanf:"listen" yaml:"listen"`
	// Community is that of SNMPv2c; "" refuses it. Where users are set and it is not, it is "".
	Community string `koanf:"community" yaml:"community"`
	// Users are those of SNMPv3; they can be set in a file alone.
	Users []SNMPUser `koanf:"users" yaml:"users"`
}

// SNMPUser is one of SNMPv3: Auth is SHA, SHA-224, SHA-256, SHA-384 or SHA-512, Privacy AES or empty.
type SNMPUser struct {
	Name            string `koanf:"name" yaml:"name"`
	Auth            string `koanf:"auth" yaml:"auth"`
	Password        string `koanf:"password" yaml:"password"`
	Privacy         string `koanf:"privacy" yaml:"privacy"`
	PrivacyPassword string `koanf:"privacy_password" yaml:"privacy_password"`
}

// settle has who sets users alone not leave the community open that is known to everybody.
func (s *SNMP) settle(set map[string]Origin) {
	if _, ok := set["snmp.community"]; !ok && len(s.Users) > 0 {
		s.Community = ""
	}
}

// validate wants somebody who may ask; what a user is made of the agent looks at.
func (s SNMP) validate(check func(string, error)) {
	if s.Listen != Off && s.Community == "" && len(s.Users) == 0 {
		check("snmp.listen", errors.New("nobody may ask: set snmp.community or snmp.users"))
	}
}

// secrets of the agent, in a copy of its users.
func (s *SNMP) secrets() []secret {
	s.Users = slices.Clone(s.Users)
	out := []secret{{"snmp.community", "", s.Community, &s.Community}}
	for i := range s.Users {
		u := &s.Users[i]
		out = append(out, secret{"snmp.users", "password of SNMP user " + u.Name, u.Password, &u.Password},
			secret{"snmp.users", "privacy password of SNMP user " + u.Name, u.PrivacyPassword, &u.PrivacyPassword})
	}
	return out
}
