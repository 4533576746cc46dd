package extensions

import (
	"context"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/extension"
)

// ForwardBody is where calls are sent on to; empty for nowhere.
type ForwardBody struct {
	Always   string `json:"always" maxLength:"40" required:"false"`
	Busy     string `json:"busy" maxLength:"40" required:"false"`
	NoAnswer string `json:"no_answer" maxLength:"40" required:"false"`
	After    int    `json:"no_answer_after" minimum:"0" maximum:"120" required:"false" doc:"Seconds that the phone rings before; 0 for the default, 20"`
}

// ServicesBody is what an extension has switched on.
type ServicesBody struct {
	Forward ForwardBody `json:"forward" required:"false"`
	DND     bool        `json:"dnd" required:"false" doc:"Busy without ringing"`
}

// phone finds the extension that a principal asks for: any as an admin, else their own.
func (r routes) phone(p auth.Principal, name string) (extension.Phone, error) {
	if !p.SeesAll() && (p.Extension == "" || !strings.EqualFold(p.Extension, name)) {
		return extension.Phone{}, fault.New(fault.Forbidden, "the extension belongs to somebody else")
	}
	return r.Services.Phone(name)
}

func (r routes) services(_ context.Context, p auth.Principal, in *struct {
	Extension string `path:"extension"`
},
) (*rest.Answer[ServicesBody], error) {
	phone, err := r.phone(p, in.Extension)
	if err != nil {
		return nil, err
	}
	return r.answer(phone.Name)
}

func (r routes) answer(name string) (*rest.Answer[ServicesBody], error) {
	s, err := r.Services.Get(name)
	if err != nil {
		return nil, err
	}
	if s.After == 0 {
		s.After = extension.DefaultAfter
	}
	return &rest.Answer[ServicesBody]{Body: ServicesBody{
		Forward: ForwardBody{Always: s.Always, Busy: s.Busy, NoAnswer: s.NoAnswer, After: int(s.After.Seconds())}, DND: s.DND,
	}}, nil
}

func (r routes) setServices(ctx context.Context, p auth.Principal, in *struct {
	Extension string `path:"extension"`
	Body      ServicesBody
},
) (*rest.Answer[ServicesBody], error) {
	phone, err := r.phone(p, in.Extension)
	if err != nil {
		return nil, err
	}
	f := in.Body.Forward
	err = r.Services.Set(ctx, phone.Name, extension.Services{
		Always: f.Always, Busy: f.Busy, NoAnswer: f.NoAnswer, After: time.Duration(f.After) * time.Second, DND: in.Body.DND,
	})
	if err != nil {
		return nil, err
	}
	return r.answer(phone.Name)
}
