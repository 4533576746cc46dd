package acme

import (
	"context"
	"sync"

	"github.com/caddyserver/certmagic"
)

// storage is certmagic's folder with locks within this process: a data folder is one server's, and
// locks in files would outlive it, and keep a goroutine each.
type storage struct {
	certmagic.FileStorage

	mu    sync.Mutex
	locks map[string]chan struct{} // of one; full while it is locked
}

func (s *storage) lock(name string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locks == nil {
		s.locks = make(map[string]chan struct{})
	}
	if s.locks[name] == nil {
		s.locks[name] = make(chan struct{}, 1)
	}
	return s.locks[name]
}

// Lock implements certmagic.Locker.
func (s *storage) Lock(ctx context.Context, name string) error {
	select {
	case s.lock(name) <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Unlock implements certmagic.Locker.
func (s *storage) Unlock(_ context.Context, name string) error {
	<-s.lock(name)
	return nil
}

// TryLock implements certmagic.TryLocker.
func (s *storage) TryLock(_ context.Context, name string) (bool, error) {
	select {
	case s.lock(name) <- struct{}{}:
		return true, nil
	default:
		return false, nil
	}
}
