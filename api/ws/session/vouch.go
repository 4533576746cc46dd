package session

import (
	"context"
	"errors"
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// ErrRevoked is a session of somebody whom the API would refuse now.
var ErrRevoked = errors.New("the credentials are accepted no more")

// Check authenticates somebody anew by what they came with, a token or an API key: who they are
// now, or that they are refused (fault.Unauthorized).
type Check func(ctx context.Context) (auth.Principal, error)

// Vouch says by what the session's principal can be authenticated again.
func (s *Session) Vouch(check Check) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.check = check
}

// Over reports whether the session has ended.
func (s *Session) Over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// waits reports whether the session has no connection.
func (s *Session) waits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.feed == nil
}

// checked is by what the session is authenticated again; nil while no connection is there.
func (s *Session) checked() Check {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feed == nil {
		return nil
	}
	return s.check
}

// Again authenticates a session's principal again. Who is refused is let go of with ErrRevoked,
// others go on with the rights that they have now. The error is one of the store's: nothing is
// known then.
func (st *Store) Again(ctx context.Context, s *Session) error {
	check := s.checked()
	if check == nil {
		return nil
	}
	p, err := check(ctx)
	switch {
	case err == nil && p.User == s.Principal().User:
		s.Renew(p)
		return nil
	case err == nil || fault.Of(err) == fault.Unauthorized:
		st.end(s, ErrRevoked)
		return nil
	}
	return err
}

// Changed authenticates every session of a user again, since what is known of the user, or of a
// key of theirs, has changed. Sessions that wait for their client are over: whoever comes back is
// told nothing that they might not be told any more. Who cannot be authenticated now is let go of.
func (st *Store) Changed(ctx context.Context, user string) error {
	var errs []error
	for _, s := range st.of(user) {
		if s.checked() == nil {
			st.end(s, ErrRevoked)
		} else if err := st.Again(ctx, s); err != nil {
			st.end(s, ErrRevoked)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Each calls f with every session that there is.
func (st *Store) Each(f func(*Session)) {
	for _, s := range st.of("") {
		f(s)
	}
}

// of lists the sessions of a user; "" for everybody's.
func (st *Store) of(user string) []*Session {
	st.mu.Lock()
	all := make([]*Session, 0, len(st.byID))
	for _, s := range st.byID {
		all = append(all, s)
	}
	st.mu.Unlock()
	if user == "" {
		return all
	}
	return slices.DeleteFunc(all, func(s *Session) bool { return s.Principal().User != user })
}
