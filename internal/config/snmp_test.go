package config_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// Whoever sets users of SNMPv3 has no SNMPv2c that they did not ask for.
func TestSNMPCommunity(t *testing.T) {
	const users = "  users:\n    - {name: zabbix, auth: SHA-256, password: a-long-password}\n"
	for text, want := range map[string]string{
		"":                                     "public",
		"snmp:\n  listen: \":1161\"\n":         "public",
		"snmp:\n" + users:                      "",
		"snmp:\n  community:\n" + users:        "", // sets nothing
		"snmp:\n  community: secret\n" + users: "secret",
		"snmp:\n  community: public\n" + users: "public",
		"snmp:\n  community: \"\"\n" + users:   "",
		"snmp:\n  users: []\n":                 "public",
	} {
		c, err := config.Load(write(t, text), nil, nil)
		if err != nil || c.SNMP.Community != want {
			t.Errorf("%q: %q, %v", text, c.SNMP.Community, err)
		}
	}
	file := write(t, "snmp:\n"+users)
	for _, set := range []struct {
		environ []string
		flags   []config.Flag
	}{{environ: []string{"SKYBRIDGE_SNMP__COMMUNITY=public"}}, {flags: flags("snmp.community=public")}} {
		if c, err := config.Load(file, set.environ, set.flags); err != nil || c.SNMP.Community != "public" {
			t.Errorf("%v: %q, %v", set, c.SNMP.Community, err)
		}
	}
	if _, err := config.Load("", nil, flags("snmp.listen=:1161", "snmp.community=")); err == nil {
		t.Error("nobody may ask, and it starts")
	}
}
