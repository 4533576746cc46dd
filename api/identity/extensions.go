package identity

import (
	"context"
	"crypto/rand"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/accounts"
)

// maxExtensions bounds those that the API makes: each change of one indexes all of them.
const maxExtensions = 10_000

// ExtensionBody is an extension that the API has made.
type ExtensionBody struct {
	Number      string     `json:"number" doc:"What phones register as, with it as their user name"`
	CallerID    string     `json:"caller_id" doc:"\"Name\" <number>; empty for the number"`
	Codecs      []string   `json:"codecs" nullable:"false" doc:"In order of preference"`
	Context     string     `json:"context" doc:"Of the dialplan, where its calls enter"`
	MaxContacts int        `json:"max_contacts" doc:"Phones at once"`
	UserID      *string    `json:"user_id" doc:"Whose it is"`
	Password    *string    `json:"password" doc:"Of a new extension or password that named none, once; it is not kept"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   *time.Time `json:"updated_at"`
}

// CreateExtension is an extension to be made.
type CreateExtension struct {
	Number      string   `json:"number" pattern:"^[0-9a-z][0-9a-z._-]{0,39}$"`
	Password    string   `json:"password,omitempty" minLength:"8" maxLength:"128" doc:"One is made where it is left out"`
	CallerID    string   `json:"caller_id,omitempty" maxLength:"128"`
	Codecs      []string `json:"codecs,omitempty" maxItems:"16" doc:"opus, g722, ulaw, alaw where left out"`
	Context     string   `json:"context,omitempty" maxLength:"79" doc:"internal where left out"`
	MaxContacts int      `json:"max_contacts,omitempty" minimum:"0" maximum:"100" doc:"5 where left out"`
}

// ChangeExtension is what is to be another of an extension; what is left out stays.
type ChangeExtension struct {
	Password    *string   `json:"password,omitempty" maxLength:"128" doc:"Empty for one that is made"`
	CallerID    *string   `json:"caller_id,omitempty" maxLength:"128"`
	Codecs      *[]string `json:"codecs,omitempty" maxItems:"16"`
	Context     *string   `json:"context,omitempty" maxLength:"79"`
	MaxContacts *int      `json:"max_contacts,omitempty" minimum:"0" maximum:"100"`
}

// PathNumber is the extension that a path names; exported, as rest.PathID is.
type PathNumber struct {
	Number string `path:"number"`
}

func extensionBody(e store.Extension) ExtensionBody {
	b := ExtensionBody{
		Number: e.Number, CallerID: e.CallerID, Codecs: orNone(e.Codecs), Context: e.Context, MaxContacts: e.MaxContacts,
		UserID: rest.OptionalText(e.User), CreatedAt: e.Created,
	}
	if !e.Updated.Equal(e.Created) {
		b.UpdatedAt = rest.OptionalTime(e.Updated)
	}
	return b
}

func (r *routes) listExtensions(ctx context.Context, _ auth.Principal, in *rest.Page) (*rest.List[ExtensionBody], error) {
	all, err := r.Store.Extensions.List(ctx)
	if err != nil {
		return nil, err
	}
	return rest.CutNamed(each(all, extensionBody), *in, func(e ExtensionBody) string { return e.Number })
}

func (r *routes) showExtension(ctx context.Context, _ auth.Principal, in *PathNumber) (*rest.Answer[ExtensionBody], error) {
	e, err := r.Store.Extensions.ByNumber(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[ExtensionBody]{Body: extensionBody(e)}, nil
}

// Told is the answer that tells a new password: nobody is to keep it.
type Told struct {
	CacheControl string `header:"Cache-Control"`
	Location     string `header:"Location"`
	Body         ExtensionBody
}

func (r *routes) createExtension(ctx context.Context, p auth.Principal, in *struct {
	rest.Once
	Body CreateExtension
},
) (*Told, error) {
	b := in.Body
	now := r.Now().UTC()
	e := store.Extension{
		Number: b.Number, CallerID: b.CallerID, Codecs: b.Codecs, Context: b.Context, MaxContacts: b.MaxContacts, Created: now, Updated: now,
	}
	if len(e.Codecs) == 0 {
		e.Codecs = accounts.Codecs()
	}
	if e.Context == "" {
		e.Context = accounts.Context
	}
	if e.MaxContacts == 0 {
		e.MaxContacts = accounts.MaxContacts
	}
	made, err := r.password(&e, b.Password)
	if err != nil {
		return nil, err
	}
	if err := r.checkExtension(&e); err != nil {
		return nil, err
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	if r.Phones.Filed(e.Number) {
		return nil, rest.InField("body.number", fault.WithCode(fault.Conflict, "extension_exists", "the server's files have %s", e.Number))
	}
	if all, err := r.Store.Extensions.List(ctx); err != nil {
		return nil, err
	} else if len(all) >= maxExtensions {
		return nil, fault.New(fault.TooMany, "%d extensions, the limit", len(all))
	}
	if err := r.Store.Extensions.Create(ctx, e); err != nil {
		if fault.Of(err) == fault.Conflict {
			err = rest.InField("body.number", fault.WithCode(fault.Conflict, "extension_exists", "there is an extension %s already", e.Number))
		}
		return nil, err
	}
	if err := r.Phones.Refresh(ctx); err != nil {
		return nil, undo(ctx, err, func(ctx context.Context) error { return r.Store.Extensions.Delete(ctx, e.Number) })
	}
	r.Log.Info("extension created", "endpoint", e.Number, "by", p.User)
	return answer(e, made), nil
}

func answer(e store.Extension, made string) *Told {
	b := extensionBody(e)
	b.Password = rest.OptionalText(made)
	return &Told{CacheControl: "no-store", Location: rest.Base + "/extensions/" + e.Number, Body: b}
}

// password gives an extension a password: the one that is named, or one that is made and
// told.
func (r *routes) password(e *store.Extension, named string) (made string, err error) {
	if named == "" {
		made = rand.Text()
		named = made
	}
	if len(named) < 8 || !plain(named) {
		return "", rest.InField("body.password", fault.New(fault.Invalid, "a password has 8 printable characters and more"))
	}
	accounts.Hash(e, r.Realm, named)
	return made, nil
}

// contextName is what a context of the dialplan can be called.
var contextName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]*$`)

// checkExtension says what of an extension cannot be.
func (r *routes) checkExtension(e *store.Extension) error {
	switch {
	case !plain(e.CallerID):
		return rest.InField("body.caller_id", fault.New(fault.Invalid, "unprintable characters"))
	case !contextName.MatchString(e.Context) || !r.Phones.Context(e.Context):
		return rest.InField("body.context", fault.New(fault.Invalid, "the dialplan has no context %q", e.Context))
	case len(e.Codecs) == 0:
		return rest.InField("body.codecs", fault.New(fault.Invalid, "one codec at least"))
	case e.MaxContacts < 1:
		return rest.InField("body.max_contacts", fault.New(fault.Invalid, "one at least"))
	}
	for _, name := range e.Codecs {
		if !r.Phones.Codec(name) {
			return rest.InField("body.codecs", fault.New(fault.Invalid, "there is no codec %q", name))
		}
	}
	return nil
}

// plain reports whether a text is one that can be shown.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) })
}

func (r *routes) changeExtension(ctx context.Context, p auth.Principal, in *struct {
	PathNumber
	Body ChangeExtension
},
) (*Told, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	was, err := r.Store.Extensions.ByNumber(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	e, made := was, ""
	b := in.Body
	set(&e.CallerID, b.CallerID)
	set(&e.Codecs, b.Codecs)
	set(&e.Context, b.Context)
	set(&e.MaxContacts, b.MaxContacts)
	if err := r.checkExtension(&e); err != nil {
		return nil, err
	}
	if b.Password != nil {
		if made, err = r.password(&e, *b.Password); err != nil {
			return nil, err
		}
	}
	e.Updated = r.Now().UTC()
	if err := r.Store.Extensions.Update(ctx, e); err != nil {
		return nil, err
	}
	if err := r.Phones.Refresh(ctx); err != nil {
		return nil, undo(ctx, err, func(ctx context.Context) error { return r.Store.Extensions.Update(ctx, was) })
	}
	r.Log.Info("extension changed", "endpoint", e.Number, "by", p.User, "password", b.Password != nil)
	return answer(e, made), nil
}

func (r *routes) deleteExtension(ctx context.Context, p auth.Principal, in *PathNumber) (*struct{}, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	if err := r.Store.Extensions.Delete(ctx, in.Number); err != nil {
		return nil, err
	}
	r.Log.Info("extension deleted", "endpoint", in.Number, "by", p.User)
	// It is gone from the disk: what fails now is made good by the next change, or a reload.
	return nil, r.Phones.Refresh(ctx)
}
