package endpoint

import (
	"fmt"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// ParseRule reads permit and deny, addresses separated by commas.
func ParseRule[T any](field func(*T) *[]Rule, permit bool) func(*T, string) error {
	return func(t *T, v string) error {
		for _, p := range option.Split(v) {
			prefix, err := option.ParsePrefix(p)
			if err != nil {
				return err
			}
			*field(t) = append(*field(t), Rule{permit, prefix})
		}
		return nil
	}
}

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
