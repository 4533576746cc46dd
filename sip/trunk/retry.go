package trunk

import (
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// firstRetry is the wait after the first failure; it doubles up to
// Config.RetryInterval.
const firstRetry = 2 * time.Second

// maxRetryAfter bounds what a registrar's Retry-After can make us wait.
const maxRetryAfter = time.Hour

// failed notes a failure and gives the time to the next try; 0 is never.
func (r *registration) failed(resp *message.Response, err error) time.Duration {
	status := statusOf(resp)
	s := *r.state.Load()
	wait, rejected := r.backoff(status, s.Failures, err)
	if resp != nil && wait > 0 {
		wait = max(wait, min(RetryAfter(resp), maxRetryAfter))
	}
	now := time.Now()
	r.set(func(s *State) {
		switch {
		case rejected:
			s.Status, s.Expires = Rejected, time.Time{}
		case s.Status != Registered || !now.Before(s.Expires):
			s.Status, s.Expires = Unregistered, time.Time{}
		}
		s.Failures++
		s.LastStatus, s.LastError, s.LastKind, s.Next = status, err.Error(), fault.Of(err), time.Time{}
		s.At = r.server()
		if wait > 0 {
			s.Next = now.Add(wait)
		}
	})
	r.log.Warn("registration failed", "peer", r.server().String(), "cause", status, "err", err, "retry_in", wait)
	return wait
}

// note keeps what one of several servers failed at.
func (r *registration) note(resp *message.Response, err error) {
	r.set(func(s *State) {
		s.LastStatus, s.LastError, s.LastKind, s.At = statusOf(resp), err.Error(), fault.Of(err), r.server()
	})
}

// backoff is how long to wait after a failure, and whether the registrar refused.
func (r *registration) backoff(status, failures int, err error) (wait time.Duration, rejected bool) {
	switch {
	case status == 401 || status == 407 || fault.Of(err) == fault.Unauthorized:
		if r.cfg.AuthRejectionPermanent {
			return 0, true
		}
		rejected = true
	case status == 403:
		return r.cfg.ForbiddenRetryInterval, true
	case passing(status, err):
	default:
		return r.cfg.FatalRetryInterval, true
	}
	wait = r.cfg.RetryInterval
	if failures < 16 && firstRetry<<failures < wait {
		wait = firstRetry << failures
		return wait/2 + rand.N(wait/2+1), rejected
	}
	if r.slow++; r.cfg.MaxRetries > 0 && r.slow > r.cfg.MaxRetries {
		return 0, true
	}
	return wait - rand.N(wait/10+1), rejected
}

// passing tells whether a failure is the server's, which another one or a later try may
// mend: no answer, or trouble of its own.
func passing(status int, err error) bool {
	return status == 408 || status >= 500 && status < 600 || status == 0 && fault.Of(err) != fault.Invalid
}

// RetryAfter is for how long a response asks to be left alone; 0 where it does not.
func RetryAfter(resp *message.Response) time.Duration { return seconds(resp.Header("Retry-After")) }

// seconds reads a number of seconds at the start of a header value; 0 for none.
func seconds(s string) time.Duration {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	v, err := strconv.ParseUint(s[:n], 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(v) * time.Second
}
