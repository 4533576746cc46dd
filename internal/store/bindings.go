package store

import (
	"context"
	"fmt"
	"time"
)

// Binding is one contact of an address of record (RFC 3261 §10).
type Binding struct {
	AOR       string
	Key       string // identity within the AOR: the contact, or instance and reg-id
	Contact   string // as registered, with its parameters
	Target    string // the URI that requests go to; differs behind a NAT
	Path      []string
	CallID    string
	CSeq      uint32
	Q         int // thousandths, 0..1000
	Instance  string
	RegID     uint32
	UserAgent string
	Transport string // "udp", "tcp", "tls", "ws", "wss"
	Source    string // "address:port" the REGISTER came from
	Flow      string // the flow its REGISTER came over (RFC 5626)
	// FlowBound is true for a contact that nothing but Flow leads to: it does not
	// outlive the connection, nor a restart.
	FlowBound  bool
	Registered time.Time // first seen
	Updated    time.Time
	Expires    time.Time
}

// BindingChange is what one REGISTER does to an AOR. It is made whole or not at
// all (RFC 3261 §10.3 step 7).
type BindingChange struct {
	AOR     string
	Put     []Binding
	Refresh []Refresh
	Delete  []string // keys
}

// Refresh is a binding that stays as it is kept but for these: most REGISTERs do no more,
// and it costs a third of writing everything anew.
type Refresh struct {
	Key     string
	CSeq    uint32
	Updated time.Time
	Expires time.Time
	// Whole gives all of the binding, to be put if it is not there. It is called by the
	// writer, perhaps after Apply has returned.
	Whole func() Binding
}

// Bindings keeps registrations.
type Bindings struct{ s *Store }

// Most REGISTERs change no more of a binding than its times, which are apart for that.
const putBinding = `INSERT INTO bindings (aor, binding_key, contact, target, path, call_id, q, instance,
	reg_id, user_agent, transport, source, flow, flow_bound, registered)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (aor, binding_key) DO UPDATE SET
	contact = excluded.contact, target = excluded.target, path = excluded.path,
	call_id = excluded.call_id, q = excluded.q, instance = excluded.instance,
	reg_id = excluded.reg_id, user_agent = excluded.user_agent, transport = excluded.transport,
	source = excluded.source, flow = excluded.flow, flow_bound = excluded.flow_bound`

const putTimes = `INSERT INTO binding_times (cseq, updated, expires, aor, binding_key) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (aor, binding_key) DO UPDATE SET cseq = excluded.cseq, updated = excluded.updated, expires = excluded.expires`

const refreshTimes = `UPDATE binding_times SET cseq = $1, updated = $2, expires = $3 WHERE aor = $4 AND binding_key = $5`

const liveBindings = `SELECT aor, binding_key, contact, target, path, call_id, cseq, q, instance,
	reg_id, user_agent, transport, source, flow, flow_bound, registered, updated, expires
FROM bindings JOIN binding_times USING (aor, binding_key) WHERE expires > $1 ORDER BY aor, binding_key`

const purgeBindings = `DELETE FROM bindings WHERE (aor, binding_key) IN (SELECT aor, binding_key FROM binding_times WHERE expires <= $1)`

// Apply makes a change and returns when it is on disk.
func (b *Bindings) Apply(ctx context.Context, c BindingChange) error {
	err := b.s.writer.write(ctx, func(t *tx) error {
		for _, key := range c.Delete {
			if err := t.exec(`DELETE FROM bindings WHERE aor = $1 AND binding_key = $2`, c.AOR, key); err != nil {
				return err
			}
		}
		for i := range c.Put {
			if err := c.Put[i].put(t, c.AOR); err != nil {
				return err
			}
		}
		for i := range c.Refresh {
			if err := c.Refresh[i].apply(t, c.AOR); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: writing bindings: %w", err)
	}
	return nil
}

func (v *Binding) put(t *tx, aor string) error {
	path, err := encode(v.Path)
	if err != nil {
		return err
	}
	bound := 0
	if v.FlowBound {
		bound = 1
	}
	err = t.exec(putBinding, aor, v.Key, v.Contact, v.Target, path, v.CallID, v.Q,
		v.Instance, int64(v.RegID), v.UserAgent, v.Transport, v.Source, v.Flow, bound, micros(v.Registered))
	if err != nil {
		return err
	}
	return t.exec(putTimes, int64(v.CSeq), micros(v.Updated), micros(v.Expires), aor, v.Key)
}

func (v *Refresh) apply(t *tx, aor string) error {
	n, err := t.change(refreshTimes, int64(v.CSeq), micros(v.Updated), micros(v.Expires), aor, v.Key)
	if err != nil || n > 0 {
		return err
	}
	b := v.Whole()
	return b.put(t, aor)
}

// Live gives every binding that expires after now, ordered by AOR and key.
func (b *Bindings) Live(ctx context.Context, now time.Time) ([]Binding, error) {
	all, err := collect(ctx, b.s, scanBinding, liveBindings, micros(now))
	if err != nil {
		return nil, fmt.Errorf("store: reading bindings: %w", err)
	}
	return all, nil
}

// Purge deletes what expired at or before now, and all that are bound to a
// flow when bound is set: after a restart their connections are gone. It gives
// the number deleted.
func (b *Bindings) Purge(ctx context.Context, now time.Time, bound bool) (int64, error) {
	query := purgeBindings
	if bound {
		query += ` OR flow_bound = 1`
	}
	var n int64
	err := b.s.writer.write(ctx, func(t *tx) (err error) {
		n, err = t.change(query, micros(now))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store: purging bindings: %w", err)
	}
	return n, nil
}

func scanBinding(v *Binding, scan func(...any) error) error {
	var bound int
	err := scan(&v.AOR, &v.Key, &v.Contact, &v.Target, document{&v.Path}, &v.CallID, &v.CSeq, &v.Q,
		&v.Instance, &v.RegID, &v.UserAgent, &v.Transport, &v.Source, &v.Flow, &bound,
		instant{&v.Registered}, instant{&v.Updated}, instant{&v.Expires})
	v.FlowBound = bound != 0
	return err
}
