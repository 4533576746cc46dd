package signaling

import "github.com/skygenesisenterprise/skybridge/signaling/internal/identity"

// NewID is a fresh UUID of version 7, sortable by time.
func NewID() string { return identity.New() }
