package dialplan

import (
	"strings"
	"sync"
)

// Vars is a channel's variables. The zero value is ready; it is safe for several
// goroutines.
type Vars struct {
	mu   sync.Mutex
	list []channelVar
}

type channelVar struct {
	name  string // bare
	value string
	depth uint8 // underscores it was set with: 0, 1 or 2
}

// bareName cuts up to two leading underscores off and counts them.
func bareName(name string) (bare string, depth uint8) {
	for depth < 2 && strings.HasPrefix(name, "_") {
		name = name[1:]
		depth++
	}
	return name, depth
}

// Set sets a variable; leading underscores say how far it is inherited, and replace
// what was said before.
func (v *Vars) Set(name, value string) {
	bare, depth := bareName(name)
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.list {
		if v.list[i].name == bare {
			v.list[i].value, v.list[i].depth = value, depth
			return
		}
	}
	v.list = append(v.list, channelVar{bare, value, depth})
}

// Get is the value of a variable by its bare name.
func (v *Vars) Get(name string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.list {
		if v.list[i].name == name {
			return v.list[i].value, true
		}
	}
	return "", false
}

// Delete forgets a variable.
func (v *Vars) Delete(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.list {
		if v.list[i].name == name {
			v.list = append(v.list[:i], v.list[i+1:]...)
			return
		}
	}
}

// All is every variable with its bare name, in the order of first setting.
func (v *Vars) All() []Variable {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := make([]Variable, len(v.list))
	for i, x := range v.list {
		all[i] = Variable{x.name, x.value}
	}
	return all
}

// Inherited is what a channel dialled by this one starts with, ready for Set: a
// variable set with one underscore loses it, one with two keeps both.
func (v *Vars) Inherited() []Variable {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []Variable
	for _, x := range v.list {
		switch x.depth {
		case 1:
			out = append(out, Variable{x.name, x.value})
		case 2:
			out = append(out, Variable{"__" + x.name, x.value})
		}
	}
	return out
}

// Globals are the global variables: what [globals] says, and what calls made of it.
// It is safe for several goroutines.
type Globals struct {
	vars Vars
}

// NewGlobals starts with a plan's [globals].
func NewGlobals(from []Variable) *Globals {
	g := &Globals{}
	g.Merge(from, false)
	return g
}

// Merge takes over the [globals] of a reloaded plan; forget drops all others first.
func (g *Globals) Merge(from []Variable, forget bool) {
	if forget {
		g.vars.mu.Lock()
		g.vars.list = nil
		g.vars.mu.Unlock()
	}
	for _, v := range from {
		g.Set(v.Name, v.Value)
	}
}

// Get is a global by name.
func (g *Globals) Get(name string) (string, bool) { return g.vars.Get(name) }

// Set sets a global.
func (g *Globals) Set(name, value string) {
	bare, _ := bareName(name)
	g.vars.Set(bare, value)
}

// All is every global in the order of first setting.
func (g *Globals) All() []Variable { return g.vars.All() }
