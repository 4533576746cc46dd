package dialplan

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
)

// App runs one application of the dialplan on a call and returns when it is done.
// args is what stands between the parentheses, substituted; SplitArgs splits it.
//
// ctx ends when the channel is hung up or sent elsewhere, and at the absolute
// timeout; an App then returns soon, with ctx's error or any other. In the h
// extension the channel is gone already (Call.HungUp) and ctx is one that only
// bounds the time: whatever needs media refuses, the rest works.
//
// The result says what follows:
//
//   - nil: the next priority, or where Call.Goto pointed
//   - ErrHangup: the call is over
//   - any other error: it is logged, and the call goes to the e extension where the
//     context has one, else it is over; with Config.Strict it is over in any case.
//     Failing in a way the plan should see (DIALSTATUS, STASISSTATUS) is no error: set
//     the variable and return nil.
//
// A panic ends this call only.
type App func(ctx context.Context, c *Call, args string) error

// ErrHangup is returned by an App to end the call. Set the cause with
// Channel.SetHangupCause first where there is one.
var ErrHangup = errors.New("hung up by the dialplan")

// ErrRedirected is the cause to cancel Run's context with (context.CancelCause) when
// a channel is taken out of the plan to go on elsewhere: h does not run and the
// channel is not hung up.
var ErrRedirected = errors.New("redirected")

// ErrAbsoluteTimeout is the cause of an App's context when TIMEOUT(absolute) is over.
var ErrAbsoluteTimeout = errors.New("absolute timeout")

// Application is one row of the table of applications.
type Application struct {
	Name     string // as it is shown; found without case
	Synopsis string // one line, for `core show applications`
	Run      App
}

// Apps is the table of applications, made once by NewApps.
type Apps struct {
	byName map[string]Application
}

// NewApps makes a table. Two applications of one name, or one without Run, are an error.
func NewApps(rows ...[]Application) (Apps, error) {
	t := Apps{byName: make(map[string]Application)}
	for _, list := range rows {
		for _, a := range list {
			key := strings.ToLower(a.Name)
			if key == "" || a.Run == nil {
				return Apps{}, fmt.Errorf("application %q has no name or does nothing", a.Name)
			}
			if _, taken := t.byName[key]; taken {
				return Apps{}, fmt.Errorf("application %q is there twice", a.Name)
			}
			t.byName[key] = a
		}
	}
	return t, nil
}

// Find finds an application by its name, without case.
func (t Apps) Find(name string) (Application, bool) {
	a, ok := t.byName[strings.ToLower(strings.TrimSpace(name))]
	return a, ok
}

// List is every application by name.
func (t Apps) List() []Application {
	list := make([]Application, 0, len(t.byName))
	for _, a := range t.byName {
		list = append(list, a)
	}
	sort.Slice(list, func(i, j int) bool { return strings.ToLower(list[i].Name) < strings.ToLower(list[j].Name) })
	return list
}
