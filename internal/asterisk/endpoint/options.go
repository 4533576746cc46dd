package endpoint

import (
	"fmt"
	"strings"
)

func variable[T any](field func(*T) *[]Variable) func(*T, string) error {
	return func(t *T, v string) error {
		name, value, ok := strings.Cut(v, "=")
		if !ok || strings.TrimSpace(name) == "" {
			return fmt.Errorf("%q is not name=value", v)
		}
		*field(t) = append(*field(t), Variable{strings.TrimSpace(name), value})
		return nil
	}
}
