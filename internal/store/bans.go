package store

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Ban is a network that is not listened to for a time.
type Ban struct {
	Network netip.Prefix
	Since   time.Time
	Expires time.Time
	Times   int // which ban of the network this is
	Reason  string
}

// Bans keeps who is banned.
type Bans struct{ s *Store }

const putBan = `INSERT INTO bans (network, since, expires, times, reason) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (network) DO UPDATE SET
	since = excluded.since, expires = excluded.expires, times = excluded.times, reason = excluded.reason`

// Put keeps a ban in the place of an earlier one of the network, and drops those that
// had run out when it began.
func (b *Bans) Put(ctx context.Context, v Ban) error {
	err := b.s.writer.write(ctx, func(t *tx) error {
		if err := t.exec(`DELETE FROM bans WHERE expires <= $1`, micros(v.Since)); err != nil {
			return err
		}
		return t.exec(putBan, v.Network.String(), micros(v.Since), micros(v.Expires), v.Times, v.Reason)
	})
	if err != nil {
		return fmt.Errorf("store: writing a ban: %w", err)
	}
	return nil
}

// Delete forgets the ban of a network; one that is not kept is no error.
func (b *Bans) Delete(ctx context.Context, network netip.Prefix) error {
	err := b.s.writer.write(ctx, func(t *tx) error {
		return t.exec(`DELETE FROM bans WHERE network = $1`, network.String())
	})
	if err != nil {
		return fmt.Errorf("store: deleting a ban: %w", err)
	}
	return nil
}

// All gives the bans that are kept, those that have run out included, by network.
func (b *Bans) All(ctx context.Context) ([]Ban, error) {
	all, err := collect(ctx, b.s, scanBan, `SELECT network, since, expires, times, reason FROM bans ORDER BY network`)
	if err != nil {
		return nil, fmt.Errorf("store: reading bans: %w", err)
	}
	return all, nil
}

func scanBan(v *Ban, scan func(...any) error) error {
	var network string
	if err := scan(&network, instant{&v.Since}, instant{&v.Expires}, &v.Times, &v.Reason); err != nil {
		return err
	}
	var err error
	v.Network, err = netip.ParsePrefix(network)
	return err
}
