package dialplan

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/pattern"
)

// contextBuilder gathers a context's extensions.
type contextBuilder struct {
	context *Context
	byName  map[string]*Extension // by key
	read    []*asterisk.Section   // the sections that were read into it
}

// key is one text for all spellings of an extension.
func key(e *Extension) string {
	k := e.Pattern.Key()
	if e.HasCallerID {
		k += "/" + e.CallerID.Key()
	}
	return k
}

// earlier is the section, before the one that is read, in which a step was written, or
// nil.
func (b *contextBuilder) earlier(p *Priority) *asterisk.Section {
	for _, s := range b.read[:len(b.read)-1] {
		for _, set := range s.Settings {
			if set.Line == p.Line && set.File == p.File {
				return s
			}
		}
	}
	return nil
}

func (b *contextBuilder) find(e *Extension) *Extension { return b.byName[key(e)] }

// keep takes an extension in, unless it is there.
func (b *contextBuilder) keep(e *Extension) {
	k := key(e)
	if b.byName[k] == nil {
		b.byName[k] = e
		b.context.Extensions = append(b.context.Extensions, e)
	}
}

// finish puts the extensions in the order they are searched.
func (b *contextBuilder) finish() *Context {
	slices.SortStableFunc(b.context.Extensions, compareExtensions)
	return b.context
}

// compareExtensions orders by name; of one name, those for certain callers come first.
func compareExtensions(a, b *Extension) int {
	if c := pattern.Compare(a.Pattern, b.Pattern); c != 0 {
		return c
	}
	switch {
	case a.HasCallerID && b.HasCallerID:
		return pattern.Compare(a.CallerID, b.CallerID)
	case a.HasCallerID:
		return -1
	case b.HasCallerID:
		return 1
	}
	return 0
}
