package dialplan

import (
	"errors"
	"time"
)

// Config bounds and shades what the executor does.
type Config struct {
	// Strict gives Asterisk's own result where a plan has a slip that is otherwise
	// taken as it was meant.
	Strict bool
	// Burst is how many steps a call may take at once, StepsPerSecond how many more
	// each second earns it, up to Burst again. A call that has used them up is in an
	// endless loop and is ended.
	Burst          int
	StepsPerSecond int
	// StackDepth is how deep Gosub may nest.
	StackDepth int
	// AfterHangup is how long the h extension may take.
	AfterHangup time.Duration
	// ResponseTimeout is how long a caller may take to begin to dial an extension
	// (TIMEOUT(response)), DigitTimeout how long between digits (TIMEOUT(digit)).
	ResponseTimeout time.Duration
	DigitTimeout    time.Duration
}

// DefaultConfig is a Config with Asterisk's timeouts.
func DefaultConfig() Config {
	return Config{
		Burst:           100_000,
		StepsPerSecond:  1_000,
		StackDepth:      512,
		AfterHangup:     30 * time.Second,
		ResponseTimeout: 10 * time.Second,
		DigitTimeout:    5 * time.Second,
	}
}

// Validate reports a Config that cannot be.
func (c Config) Validate() error {
	if c.Burst < 1 || c.StepsPerSecond < 1 || c.StackDepth < 1 {
		return errors.New("dialplan: burst, steps per second and stack depth must be at least 1")
	}
	if c.AfterHangup <= 0 || c.ResponseTimeout <= 0 || c.DigitTimeout <= 0 {
		return errors.New("dialplan: timeouts must be above zero")
	}
	return nil
}

// budget is a token bucket of steps.
type budget struct {
	left float64
	at   time.Time
}

func (b *budget) take(now time.Time, c Config) bool {
	if d := now.Sub(b.at); d > 0 {
		b.left = min(float64(c.Burst), b.left+d.Seconds()*float64(c.StepsPerSecond))
		b.at = now
	}
	b.left--
	return b.left >= 0
}

func (b *budget) refill(now time.Time, c Config) { b.left, b.at = float64(c.Burst), now }
