package pin_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/conference/pin"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func kind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.Of(err) != want {
		t.Errorf("%s: %v, want kind %v", what, err, want)
	}
}

// A PIN is known again by its hash, which is another one each time, and is never printed.
func TestHash(t *testing.T) {
	p, err := pin.Hash("12345")
	must(t, err)
	again, err := pin.Hash("12345")
	must(t, err)
	if p.Text() == again.Text() {
		t.Error("two hashes are one")
	}
	stored, err := pin.Stored(p.Text())
	must(t, err)
	for said, want := range map[string]bool{"12345": true, "1234": false, "123456": false, "": false, p.Text(): false} {
		if stored.Matches(said) != want {
			t.Errorf("%q matches: %v", said, !want)
		}
	}
	if got := fmt.Sprintf("%v %s %+v %#v", p, p, struct{ P pin.PIN }{p}, p); got != "(PIN) (PIN) {P:(PIN)} (PIN)" {
		t.Errorf("printed as %s", got)
	}
	none, err := pin.Stored("")
	must(t, err)
	if none.Wanted() || none.Text() != "" || none != (pin.PIN{}) {
		t.Errorf("no PIN is %+v", none)
	}
	file := pin.Clear("12a")
	if !file.Wanted() || file.Text() != "" || !file.Matches("12A") || file.Matches("12") {
		t.Error("a PIN in the clear")
	}
}

// refused are texts that are no hash; what FuzzStored begins with.
var refused = []string{
	"12345", "$argon2id$", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
	"$argon2id$v=18$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
	"$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
	"$argon2id$v=19$m=8,t=1000,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
	"$argon2id$v=19$m=8,t=1,p=0$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
	"$argon2id$v=19$m=8,t=1,p=1 $c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
	"$argon2id$v=19$m=8,t=1,p=1$c2Fs$aGFzaGhhc2hoYXNoaGFzaA",
	"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
}

func TestStoredRefuses(t *testing.T) {
	for _, text := range refused {
		_, err := pin.Stored(text)
		kind(t, text, err, fault.Invalid)
	}
}

// What is stored costs no more than it may, whatever it says.
func FuzzStored(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA")
	for _, text := range refused {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := pin.Stored(text)
		if err != nil {
			kind(t, text, err, fault.Invalid)
			return
		}
		if p.Text() != text {
			t.Errorf("%q is kept as %q", text, p.Text())
		}
	})
}

// Who guesses is slowed for a minute; others are not. What is remembered of guesses has a
// limit.
func TestGuard(t *testing.T) {
	now := time.Now()
	g := pin.NewGuard(func() time.Time { return now })
	p := pin.Clear("12345")
	must(t, g.Check("bob", "room", pin.PIN{}, ""))
	kind(t, "none given", g.Check("bob", "room", p, ""), fault.Forbidden)
	must(t, g.Check("bob", "room", p, "12345"))
	for range pin.Tries {
		kind(t, "a wrong one", g.Check("eve", "room", p, "54321"), fault.Forbidden)
	}
	kind(t, "the right one, too late", g.Check("eve", "room", p, "12345"), fault.TooMany)
	must(t, g.Check("bob", "room", p, "12345"))
	must(t, g.Check("eve", "another room", p, "12345"))
	now = now.Add(pin.Pause)
	must(t, g.Check("eve", "room", p, "12345"))
	for i := range pin.MaxGuesses + 10 {
		kind(t, "a wrong one", g.Check(strconv.Itoa(i), "room", p, "0"), fault.Forbidden)
	}
	if n := g.Remembered(); n > pin.MaxGuesses {
		t.Errorf("%d guesses are remembered", n)
	}
}

// Many guesses at one time are no way around the limit.
func TestGuardAtOneTime(t *testing.T) {
	g := pin.NewGuard(time.Now)
	p, err := pin.Hash("12345")
	must(t, err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	looked := 0
	for range 4 * pin.Tries {
		wg.Go(func() { // ended by its check, awaited below
			if fault.Of(g.Check("eve", "room", p, "1")) == fault.Forbidden {
				mu.Lock()
				defer mu.Unlock()
				looked++
			}
		})
	}
	wg.Wait()
	if looked != pin.Tries {
		t.Errorf("%d PINs were looked at", looked)
	}
}
