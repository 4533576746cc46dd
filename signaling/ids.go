package signaling

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// ChannelID is a channel's unique id as ARI and the dialplan show it: the
// second it was made and a number of the process, "1763800000.7".
type ChannelID string

// BridgeID is a bridge's UUID.
type BridgeID string

// Key names a live object in a cluster: what it is, which one, and the node that
// owns it. A single node leaves Node empty.
type Key struct {
	Kind string
	ID   string
	Node string
}

// String is "channel/1763800000.7@node".
func (k Key) String() string {
	if k.Node == "" {
		return k.Kind + "/" + k.ID
	}
	return k.Kind + "/" + k.ID + "@" + k.Node
}

// identities numbers channels: ids over the process, names per technology.
type identities struct {
	next  atomic.Uint64
	names atomic.Uint32
}

func (i *identities) channelID(now time.Time) ChannelID {
	return ChannelID(fmt.Sprintf("%d.%d", now.Unix(), i.next.Add(1)-1))
}

// channelName is Asterisk's "PJSIP/1001-00000000".
func (i *identities) channelName(tech, resource string) string {
	return fmt.Sprintf("%s/%s-%08x", tech, resource, i.names.Add(1)-1)
}

// NewID is a fresh UUID of version 7, sortable by time.
func NewID() string {
	return uuid.Must(uuid.NewV7()).String()
}
