package instance

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/sip/gruu"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// phone is a registrar that knows that one.
type phone struct{ ref gruu.Ref }

func (p phone) Instance(ref gruu.Ref) (registrar.Binding, bool) {
	return registrar.Binding{AOR: ref.AOR, Instance: ref.Instance}, ref == p.ref
}

func TestInstance(t *testing.T) {
	m, err := gruu.New([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	here := phone{gruu.Ref{AOR: "1001", Instance: "<urn:1>"}}
	to := func(id string) message.URI {
		return gruu.Public(message.URI{Scheme: "sip", User: "1001", Host: "a"}, id)
	}
	exten, vars, err := Dialled(m, here, to("<urn:1>"), "x", []dialplan.Variable{{Name: "a", Value: "b"}})
	if err != nil || exten != "1001" || len(vars) != 2 {
		t.Fatalf("%s, %v, %v", exten, vars, err)
	}
	if b, chosen, err := Contact(here, []string{"1001"}, vars); !chosen || err != nil || b.Instance != "<urn:1>" {
		t.Errorf("%v, %v, %v", b, chosen, err)
	}
	if _, chosen, err := Contact(here, []string{"1002"}, vars); chosen || err != nil {
		t.Errorf("another endpoint: %v, %v", chosen, err)
	}
	if _, chosen, err := Contact(phone{}, []string{"1001"}, vars); !chosen || fault.Of(err) != fault.Unreachable {
		t.Errorf("gone meanwhile: %v, %v", chosen, err)
	}
	if _, chosen, _ := Contact(here, []string{"1001"}, nil); chosen {
		t.Error("chosen without a GRUU")
	}
	if _, _, err := Dialled(m, here, to("<urn:2>"), "x", nil); fault.Of(err) != fault.Unreachable {
		t.Errorf("not registered: %v", err)
	}
	for _, m := range []*gruu.Maker{m, nil} {
		if exten, vars, err := Dialled(m, here, message.URI{Scheme: "sip", User: "x", Host: "a"}, "x", nil); exten != "x" || vars != nil || err != nil {
			t.Errorf("no GRUU: %s, %v, %v", exten, vars, err)
		}
	}
}
