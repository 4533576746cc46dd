package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Config is where a set is fetched from, and when.
type Config struct {
	URL string // not looked at any more: whoever reads the settings has
	Log *slog.Logger
	// Refresh is how often the set is fetched, Retry how soon again after a failure; that
	// doubles with each one, up to a minute.
	Refresh, Retry time.Duration
	// Cooldown is how long after a fetch no unknown "kid" causes another one.
	Cooldown time.Duration
	// Stale is how long keys are taken that no fetch has confirmed.
	Stale time.Duration
	// Timeout is that of one fetch.
	Timeout time.Duration
	Now     func() time.Time
}

// Default is how sets are fetched.
func Default() Config {
	return Config{
		Refresh: 15 * time.Minute, Retry: time.Second, Cooldown: 10 * time.Second,
		Stale: 24 * time.Hour, Timeout: 5 * time.Second, Now: time.Now,
	}
}

const maxRetry = time.Minute

// Remote is the set of an identity provider. Whoever makes it closes it.
type Remote struct {
	cfg    Config
	host   string // for the log
	client *http.Client
	stop   context.CancelFunc
	wake   chan struct{} // of one, for the goroutine
	ended  chan struct{} // closed by it

	mu     sync.Mutex
	keys   []Key
	loaded time.Time     // when the keys were fetched; zero for never
	tried  time.Time     // when the newest fetch ended
	err    error         // of the newest fetch
	flight chan struct{} // closed at the end of the fetch under way or asked for; nil for none
}

// Follow fetches a set, and again from time to time. It does not wait for the first fetch, whose
// failure is for the log, for Ready and for those whose tokens cannot be checked.
func Follow(cfg Config) (*Remote, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, errors.New("jwks: not a URL") // what it is, may have a secret in it
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConns: 1,
		MaxResponseHeaderBytes: 64 << 10, TLSHandshakeTimeout: cfg.Timeout,
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Remote{
		cfg: cfg, host: u.Host, stop: cancel, wake: make(chan struct{}, 1), ended: make(chan struct{}),
		flight: make(chan struct{}),
		client: &http.Client{Transport: transport, Timeout: cfg.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // the setting says where keys come from, nobody else
		}},
	}
	go r.run(ctx) // owned by r, ended by Close
	return r, nil
}

// Close ends the fetching, and waits for that.
func (r *Remote) Close() error {
	r.stop()
	<-r.ended
	r.client.CloseIdleConnections()
	return nil
}

// Ready says why tokens of this set cannot be checked now; nil when they can.
func (r *Remote) Ready() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.usable()
}

// usable is Ready, with r.mu held.
func (r *Remote) usable() error {
	switch {
	case r.loaded.IsZero():
		return fault.WithCode(fault.Unavailable, "keys_unavailable", "the keys of tokens have not been fetched yet")
	case r.cfg.Now().Sub(r.loaded) > r.cfg.Stale:
		return fault.WithCode(fault.Unavailable, "keys_unavailable", "the keys of tokens could not be fetched for too long")
	}
	return nil
}

// Keys are those that a token may be signed with, see Match. A "kid" that the set does not have
// makes it be fetched again, but for a while after each fetch: strangers' tokens cost the provider
// no more than that. It fails with fault.Unavailable where nobody can tell.
func (r *Remote) Keys(ctx context.Context, algorithm, id string) ([]any, error) {
	found, flight, err := r.look(algorithm, id, true)
	if flight == nil {
		return found, err
	}
	select {
	case <-flight:
	case <-r.ended:
	case <-ctx.Done():
	}
	found, _, err = r.look(algorithm, id, false)
	return found, err
}

// look gives the keys that are there, or the fetch to wait for.
func (r *Remote) look(algorithm, id string, fetch bool) ([]any, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.usable()
	if err == nil {
		found, named := Match(r.keys, algorithm, id)
		if named || id == "" && len(found) > 0 {
			return found, nil, nil
		}
		if r.err != nil { // the key may be a new one, which was not to be had
			err = fault.WithCode(fault.Unavailable, "keys_unavailable", "the keys of tokens cannot be fetched now")
		}
		if !fetch {
			return found, nil, errIfNone(found, err)
		}
		if r.flight == nil && r.cfg.Now().Sub(r.tried) < r.cfg.Cooldown {
			return found, nil, errIfNone(found, err)
		}
	} else if !fetch || r.flight == nil && r.cfg.Now().Sub(r.tried) < r.cfg.Cooldown {
		return nil, nil, err
	}
	if r.flight == nil {
		r.flight = make(chan struct{})
		select {
		case r.wake <- struct{}{}:
		default: // one is under way to it
		}
	}
	return nil, r.flight, nil
}

// errIfNone is err where no key was found: with one, the signature tells.
func errIfNone(found []any, err error) error {
	if len(found) > 0 {
		return nil
	}
	return err
}

// run fetches until ctx ends.
func (r *Remote) run(ctx context.Context) {
	defer close(r.ended)
	retry := r.cfg.Retry
	for {
		again := r.cfg.Refresh
		if err := r.fetch(ctx); err != nil {
			again = min(retry, r.cfg.Refresh)
			retry = min(2*retry, maxRetry)
		} else {
			retry = r.cfg.Retry
		}
		timer := time.NewTimer(again)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-r.wake:
			timer.Stop()
		}
	}
}

// fetch fetches the set, and keeps what it had if that fails.
func (r *Remote) fetch(ctx context.Context) error {
	r.mu.Lock()
	if r.flight == nil {
		r.flight = make(chan struct{})
	}
	select {
	case <-r.wake: // this is the fetch that was asked for
	default:
	}
	r.mu.Unlock()
	keys, skipped, err := r.get(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	before, first := r.err, r.loaded.IsZero()
	r.tried, r.err = r.cfg.Now(), err
	close(r.flight)
	r.flight = nil
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && before == nil: // said once, not with each try
		r.cfg.Log.Warn("the keys of tokens cannot be fetched", "host", r.host, "err", err, "known", len(r.keys))
		return err
	case err != nil:
		r.cfg.Log.Debug("the keys of tokens cannot be fetched", "host", r.host, "err", err)
		return err
	case first || before != nil:
		r.cfg.Log.Info("the keys of tokens are fetched", "host", r.host, "keys", len(keys))
	}
	for _, reason := range skipped {
		r.cfg.Log.Debug("a key of the identity provider is not used", "host", r.host, "err", reason)
	}
	r.keys, r.loaded = keys, r.tried
	return nil
}

// get asks the provider.
func (r *Remote) get(ctx context.Context) (keys []Key, skipped []error, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.cfg.URL, nil)
	if err != nil {
		return nil, nil, errors.New("not a URL")
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) { // without the URL, whose query may have a secret in it
			err = of.Err
		}
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it has been read as far as it counts
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("the answer is %s", resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, MaxFile+1))
	if err != nil {
		return nil, nil, err
	}
	if len(text) > MaxFile {
		return nil, nil, fmt.Errorf("the answer has more than %d bytes", MaxFile)
	}
	return Parse(text)
}
