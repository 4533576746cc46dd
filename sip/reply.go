package sip

import (
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
)

// serverTx is a transaction of the peer's with what answers it.
type serverTx struct {
	*transaction.Server
	s *Server
}

// reply answers a transaction with a response that makes no dialog.
func (tx *serverTx) reply(r Reply) error {
	b, err := tx.prepareReply(r)
	if err != nil {
		return err
	}
	return tx.Respond(r.Status, b)
}

func (tx *serverTx) prepareReply(r Reply) ([]byte, error) {
	return tx.s.curt.Reply(tx.Server, r)
}

// prepareDialog encodes a response that makes or refreshes a dialog.
func (tx *serverTx) prepareDialog(r Reply, contact message.Address) ([]byte, error) {
	return tx.s.agent.DialogReply(tx.Request(), tx.Tag(), r, contact)
}
