package dialplan

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

// A hash is kept in channel variables: one for each key, and one with the keys.
func hashVar(name, key string) string { return "~HASH~" + name + "~" + key + "~" }

func hashKeysVar(name string) string { return "~HASHKEYS~" + name + "~" }

// Hash is a value of HASH(name,key).
func (c *Call) Hash(name, key string) string {
	v, _ := c.ch.Var(hashVar(name, key))
	return v
}

// HashKeys are the keys of a hash the last one set first, with commas between.
func (c *Call) HashKeys(name string) string {
	v, _ := c.ch.Var(hashKeysVar(name))
	return v
}

// SetHash sets HASH(name,key). Underscores before the name say how far it is inherited,
// as for a variable. The error is of a hash whose keys have grown too long.
func (c *Call) SetHash(name, key, value string) error {
	name, depth := bareName(name)
	prefix := "__"[:depth]
	keys := key
	if others := strings.Trim(strings.Replace(","+c.HashKeys(name)+",", ","+key+",", ",", 1), ","); others != "" {
		keys += "," + others
	}
	if len(keys) > substitute.MaxBytes {
		return substitute.ErrTooLong
	}
	c.ch.SetVar(prefix+hashKeysVar(name), keys)
	c.ch.SetVar(prefix+hashVar(name, key), value)
	return nil
}

func (c *Call) clearHash(name string) {
	for _, k := range strings.Split(c.HashKeys(name), ",") {
		c.ch.SetVar(hashVar(name, k), "")
	}
	c.ch.SetVar(hashKeysVar(name), "")
}
