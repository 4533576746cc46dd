package dialplan

import (
	"fmt"
	"sort"
)

// Function is one dialplan function: ${NAME(args)} reads it, Set(NAME(args)=value)
// writes it. Either direction may be missing.
type Function struct {
	Name     string
	Synopsis string
	Read     func(c *Call, args string) (string, error)
	Write    func(c *Call, args, value string) error
}

// Functions is the table of functions, made once by NewFunctions.
type Functions struct {
	byName map[string]Function
}

// NewFunctions makes a table. Two functions of one name are an error.
func NewFunctions(rows ...[]Function) (Functions, error) {
	t := Functions{byName: make(map[string]Function)}
	for _, list := range rows {
		for _, f := range list {
			if f.Name == "" || f.Read == nil && f.Write == nil {
				return Functions{}, fmt.Errorf("function %q has no name or does nothing", f.Name)
			}
			if _, taken := t.byName[f.Name]; taken {
				return Functions{}, fmt.Errorf("function %q is there twice", f.Name)
			}
			t.byName[f.Name] = f
		}
	}
	return t, nil
}

// Find finds a function by its name, which has case.
func (t Functions) Find(name string) (Function, bool) {
	f, ok := t.byName[name]
	return f, ok
}

// List is every function by name.
func (t Functions) List() []Function {
	list := make([]Function, 0, len(t.byName))
	for _, f := range t.byName {
		list = append(list, f)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}
