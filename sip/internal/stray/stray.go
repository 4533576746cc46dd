// Package stray keeps what may still be needed of an INVITE of ours whose call is over. Its
// transaction takes answers for half a minute (RFC 6026 §7.2): another branch of a proxy that
// forked may answer by then, and is to be acknowledged and ended (RFC 3261 §13.2.2.4). Nearly
// none does, and a server that ends a thousand calls a second keeps tens of thousands, so
// they are small: texts, no messages.
//
// Goroutines: none.
package stray

import (
	"strings"
	"sync"

	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
)

// Call is what is kept of one call. It is the transaction.Listener of its INVITE.
type Call struct {
	CallID, LocalTag string
	ContactUser      string
	RewriteContact   bool
	Used             uint32 // the highest CSeq of any branch
	Wallet           compose.Wallet

	from, target string // as on the wire
	answered     string // the tag of the branch whose dialog there was
	owner        Owner

	mu   sync.Mutex
	take func(*transaction.Client, *message.Response) // nil before the first
}

// Owner takes the 2xx of branches that answer too late.
type Owner interface {
	// Take is asked once, at the first of them, for what takes it and the others.
	Take(c *Call, from message.Address, target message.URI) func(*transaction.Client, *message.Response)
}

// New keeps what a draft of an INVITE says, but for the identity and the wallet; answered is
// the To tag of the dialog that has ended.
func New(from message.Address, target message.URI, answered string, owner Owner) *Call {
	// The tag is cut from a whole message, which nobody needs any more.
	return &Call{from: from.String(), target: target.String(), answered: strings.Clone(answered), owner: owner}
}

// Response implements transaction.Listener.
func (c *Call) Response(tx *transaction.Client, r *message.Response) {
	if r.Status() < 200 || r.Status() >= 300 || r.To().Tag() == c.answered {
		return
	}
	if take := c.taker(); take != nil {
		take(tx, r)
	}
}

func (c *Call) taker() func(*transaction.Client, *message.Response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.take == nil {
		from, err := message.ParseAddress(c.from)
		if err != nil {
			return nil // it was made by us, and sent
		}
		target, err := message.ParseURI(c.target)
		if err != nil {
			return nil // likewise
		}
		c.take = c.owner.Take(c, from, target)
	}
	return c.take
}

// Failed implements transaction.Listener.
func (c *Call) Failed(error) {}
