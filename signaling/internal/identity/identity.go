// Package identity makes the ids and names of channels and bridges.
package identity

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Source numbers channels: ids over the process, names per technology.
type Source struct {
	next  atomic.Uint64
	names atomic.Uint32
}

// Channel is the next channel's unique id as ARI and the dialplan show it: the second it
// was made and a number of the process, "1763800000.7".
func (s *Source) Channel(now time.Time) string {
	return fmt.Sprintf("%d.%d", now.Unix(), s.next.Add(1)-1)
}

// Name is the next channel's name, Asterisk's "PJSIP/1001-00000000".
func (s *Source) Name(tech, resource string) string {
	return fmt.Sprintf("%s/%s-%08x", tech, resource, s.names.Add(1)-1)
}

// New is a fresh UUID of version 7, sortable by time.
func New() string { return uuid.Must(uuid.NewV7()).String() }
