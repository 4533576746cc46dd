package snmp

import (
	"errors"
	"slices"
	"testing"

	"github.com/gosnmp/gosnmp"
)

// What is asked in a context that is not there is answered by a report, in secret where that is how it was asked.
func TestContexts(t *testing.T) {
	a, err := Listen(config(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []User{looks, secret} {
		m := manager(t, a, user(u, a.levels[u.Name]))
		if got, err := m.Get([]string{documented + ".1.1"}); err != nil || got.Variables[0].Value != uint(3) {
			t.Errorf("%s: %v, %v", u.Name, got, err)
		}
		m.ContextName = "elsewhere"
		got, err := m.Get([]string{documented + ".1.1"})
		if !errors.Is(err, gosnmp.ErrUnknownReportPDU) || got.Variables[0].Name != unknownContexts || got.MsgFlags&gosnmp.AuthPriv != a.levels[u.Name] {
			t.Errorf("%s: %v, %v", u.Name, got, err)
		}
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if want := (usmCounts{engines: 2, contexts: 2}); a.counts != want {
		t.Errorf("%+v, want %+v", a.counts, want)
	}
}

// An answer is no longer than its manager takes: what was asked for by name is tooBig then, and of
// what follows in the tree there is as much as has room.
func TestSizes(t *testing.T) {
	a := listen(t, config(t))
	for _, u := range []User{looks, secret} {
		t.Run(u.Name, func(t *testing.T) {
			level := a.levels[u.Name]
			ask := func(kind gosnmp.PDUType, size uint32, first uint8, rounds uint32, names ...string) (int, *gosnmp.SnmpPacket, error) {
				t.Helper()
				keys, ok := a.users[u.Name].Copy().(*gosnmp.UsmSecurityParameters)
				if !ok {
					t.Fatal("no keys")
				}
				keys.AuthoritativeEngineBoots = a.engine.boots
				request := &gosnmp.SnmpPacket{
					Version: gosnmp.Version3, MsgID: 1, MsgMaxSize: size, MsgFlags: level | gosnmp.Reportable, SecurityModel: gosnmp.UserSecurityModel,
					SecurityParameters: keys, ContextEngineID: a.engine.id, PDUType: kind, RequestID: 1, NonRepeaters: first, MaxRepetitions: rounds, Logger: a.quiet,
				}
				for _, name := range names {
					request.Variables = append(request.Variables, gosnmp.SnmpPDU{Name: name, Type: gosnmp.Null})
				}
				if err := keys.InitPacket(request); err != nil {
					t.Fatal(err)
				}
				text, err := request.MarshalMsg()
				if err != nil {
					t.Fatal(err)
				}
				if text, err = a.answer(text); err != nil {
					return 0, nil, err
				}
				reader := &gosnmp.GoSNMP{Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, MsgFlags: level, SecurityParameters: a.users[u.Name].Copy(), Logger: a.quiet}
				out, err := reader.UnmarshalTrap(slices.Clone(text), true)
				if err != nil {
					t.Fatal(err)
				}
				return len(text), out, nil
			}
			if _, out, err := ask(gosnmp.GetRequest, leastSize-1, 0, 0, system+".1.0"); err == nil {
				t.Errorf("answered who takes less than all do: %+v", out)
			}
			had := 0
			for _, size := range []uint32{leastSize, 700, 1400, 65507} {
				n, out, err := ask(gosnmp.GetBulkRequest, size, 0, 60, ".1.3")
				if err != nil || n > int(min(size, maxAnswer)) || out.Error != gosnmp.NoError || len(out.Variables) == 0 || len(out.Variables) < had {
					t.Errorf("%d bytes: an answer of %d, %+v, %v", size, n, out, err)
				}
				had = len(out.Variables)
			}
			if had != 4+len(objects)+1 { // and that there is no more
				t.Errorf("%d objects", had)
			}
			many := slices.Repeat([]string{documented + ".1"}, 60)
			if n, out, err := ask(gosnmp.GetBulkRequest, leastSize, 60, 0, many...); err != nil || n > leastSize || out.Error != gosnmp.NoError || len(out.Variables) < 5 || len(out.Variables) == 60 {
				t.Errorf("an answer of %d, %+v, %v", n, out, err)
			}
			if n, out, err := ask(gosnmp.GetRequest, leastSize, 0, 0, many...); err != nil || n > leastSize || out.Error != gosnmp.TooBig || len(out.Variables) > 0 {
				t.Errorf("an answer of %d, %+v, %v", n, out, err)
			}
		})
	}
}
