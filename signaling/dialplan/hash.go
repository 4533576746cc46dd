package dialplan

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

// hashVar is the channel variable that holds a hash's value of a key, or without a key
// its keys.
func hashVar(name, key string) string { return "~HASH~" + name + "~" + key + "~" }

// Hash is a value of HASH(name,key).
func (c *Call) Hash(name, key string) string {
	v, _ := c.ch.Var(hashVar(name, key))
	return v
}

// HashKeys are the keys of a hash in the order of first setting, with commas between.
func (c *Call) HashKeys(name string) string { return c.Hash(name, "") }

// SetHash sets HASH(name,key). Underscores before the name say how far it is inherited,
// as for a variable. The error is of a hash whose keys have grown too long.
func (c *Call) SetHash(name, key, value string) error {
	name, depth := bareName(name)
	prefix := "__"[:depth]
	keys := c.HashKeys(name)
	if !strings.Contains(","+keys+",", ","+key+",") {
		keys = strings.TrimPrefix(keys+","+key, ",")
		if len(keys) > substitute.MaxBytes {
			return substitute.ErrTooLong
		}
		c.ch.SetVar(prefix+hashVar(name, ""), keys)
	}
	c.ch.SetVar(prefix+hashVar(name, key), value)
	return nil
}

func (c *Call) clearHash(name string) {
	for _, k := range strings.Split(c.HashKeys(name), ",") {
		c.ch.SetVar(hashVar(name, k), "")
	}
}
