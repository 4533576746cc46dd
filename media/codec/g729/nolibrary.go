//go:build !cgo || !linux

package g729

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
)

// Load cannot open a library in a build without cgo.
func Load(string) (*media.Codec, error) {
	return nil, fault.New(fault.Unavailable, "g729: this build cannot load libraries")
}
