package overload

import (
	"math"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// A step's signals, how often they come, and the state after them.
func TestControl(t *testing.T) {
	const ms = time.Millisecond
	type step struct {
		n     int
		s     Signals
		least float64
		most  float64
		short string
	}
	for name, steps := range map[string][]step{
		"at rest":        {{1000, Signals{Queue: 19 * ms, Late: 50 * ms, Ticks: true, Memory: 0.9, Descriptors: 0.5, Ports: 0.9}, 0, 0, ""}},
		"a single burst": {{2, Signals{Queue: 500 * ms}, 0, 0, ""}, {1, Signals{}, 0, 0, ""}, {2, Signals{Queue: 500 * ms}, 0, 0, ""}},
		"a queue grows":  {{6, Signals{Queue: 40 * ms}, 0.35, 0.45, "queue"}, {10, Signals{Queue: 40 * ms}, 1, 1, "queue"}},
		"at twice the target more slowly than at four times": {{5, Signals{Queue: 80 * ms}, 0.55, 0.65, "queue"}, {1, Signals{Queue: 10 * time.Second}, 0.75, 0.85, "queue"}},
		"and is gone in three seconds":                       {{100, Signals{Queue: time.Second}, 1, 1, "queue"}, {30, Signals{}, 0, 0, ""}},
		"it falls faster than it rises":                      {{10, Signals{Queue: 25 * ms}, 0.45, 0.55, "queue"}, {1, Signals{Queue: 15 * ms}, 0.35, 0.45, "queue"}},
		"ticks come late":                                    {{7, Signals{Late: 75 * ms, Ticks: true}, 0.3, 0.45, "ticks"}, {30, Signals{Late: 75 * ms}, 0.3, 0.45, "ticks"}, {30, Signals{Ticks: true}, 0, 0, ""}},
		"memory":                                             {{1, Signals{Memory: 0.95}, 0.45, 0.55, "memory"}, {1, Signals{Memory: 1.2}, 1, 1, "memory"}, {1, Signals{Memory: 0.9}, 0, 0, ""}},
		"descriptors":                                        {{1, Signals{Descriptors: 0.99}, 0.85, 0.95, "descriptors"}},
		"ports":                                              {{1, Signals{Ports: 1}, 1, 1, "ports"}},
		"transactions":                                       {{1, Signals{Transactions: 0.95}, 0.45, 0.55, "transactions"}, {1, Signals{}, 0, 0, ""}},
		"the shortest counts":                                {{3, Signals{Queue: 25 * ms, Ports: 0.93, Memory: 0.96}, 0.55, 0.65, "memory"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, c := Default(), Control{}
			for i, st := range steps {
				var got State
				for range st.n {
					got = c.Step(&cfg, st.s)
				}
				if got.Pressure < st.least || got.Pressure > st.most || got.Short != st.short {
					t.Errorf("step %d: %+v, want %v to %v %q", i, got, st.least, st.most, st.short)
				}
			}
		})
	}
	both := new(Control).Step(&Config{Used: 0.9}, Signals{Ports: 1, Memory: 0.95})
	if both.Pressure != 1 || both.Short != "ports" || both.Portless < 0.45 || both.Portless > 0.55 {
		t.Errorf("ports and memory: %+v", both)
	}
	off := Config{Used: 1}
	if got := new(Control).Step(&off, Signals{Queue: time.Hour, Late: time.Hour}); got != (State{}) {
		t.Errorf("off: %+v", got)
	}
}

// A server that can do so much a second, at three times as much: the controller finds
// what it can do, uses it, and lets go when the load ends. Virtual: a queue that fills
// by what is let in.
func TestThreeTimesTheCapacity(t *testing.T) {
	const capacity, offered = 100.0, 300.0 // each interval
	cfg, c, queue, done := Default(), Control{}, 0.0, 0.0
	wait := func() time.Duration { return time.Duration(queue / capacity * float64(interval)) }
	state := State{}
	const intervals = 600
	worst := time.Duration(0)
	for i := range intervals {
		queue += offered * (1 - call.refused(state.Pressure))
		served := min(queue, capacity)
		queue -= served
		done += served
		state = c.Step(&cfg, Signals{Queue: wait()})
		if i > 100 {
			worst = max(worst, wait())
		}
	}
	if part := done / (capacity * intervals); part < 0.8 {
		t.Errorf("only %.0f %% of what the server can do is done", 100*part)
	}
	if worst > 500*time.Millisecond {
		t.Errorf("requests wait %v", worst)
	}
	n := 0
	for ; state.Pressure > 0; n++ {
		queue = max(0, queue-capacity)
		state = c.Step(&cfg, Signals{Queue: wait()})
	}
	if d := time.Duration(n) * interval; d > 5*time.Second {
		t.Errorf("normal again after %v", d)
	}
}

func TestClasses(t *testing.T) {
	emergency := []string{"112", "911"}
	for _, tc := range []struct {
		method, user       string
		credentials, known bool
		want               class
	}{
		{"INVITE", "600", false, true, call},
		{"INVITE", "600", true, true, underway},
		{"INVITE", "600", true, false, call},
		{"INVITE", "112", false, true, untouched},
		{"INVITE", "112", false, false, call},
		{"INVITE", "112", true, false, call},
		{"INVITE", "112;phone-context=x", true, true, untouched},
		{"INVITE", "1120", false, true, call},
		{"REGISTER", "", false, true, cheap},
		{"REGISTER", "", true, true, underway},
		{"REGISTER", "", true, false, cheap},
		{"SUBSCRIBE", "112", false, true, cheap},
		{"MESSAGE", "x", false, true, cheap},
		{"MESSAGE", "x", true, false, cheap},
		{"OPTIONS", "", false, false, untouched},
	} {
		if got := classOf(tc.method, tc.user, tc.credentials, emergency, func() bool { return tc.known }); got != tc.want {
			t.Errorf("%+v: %d", tc, got)
		}
	}
	for _, tc := range []struct {
		pressure                     float64
		cheap, call, underway, never float64
	}{
		{0, 0, 0, 0, 0}, {0.25, 0.5, 0.25, 0, 0}, {0.5, 1, 0.5, 0, 0}, {0.75, 1, 0.75, 0.5, 0}, {1, 1, 1, 1, 0},
	} {
		got := []float64{cheap.refused(tc.pressure), call.refused(tc.pressure), underway.refused(tc.pressure), untouched.refused(tc.pressure)}
		for i, want := range []float64{tc.cheap, tc.call, tc.underway, tc.never} {
			if math.Abs(got[i]-want) > 1e-9 {
				t.Errorf("at %v: %v", tc.pressure, got)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]Config{"queue": {Queue: -1, Used: 1}, "late": {Late: -1, Used: 1}, "used": {}, "more than all": {Used: 1.1}} {
		if fault.Of(c.Validate()) != fault.Invalid {
			t.Errorf("%s is sound", name)
		}
	}
}
