package identity

import (
	"context"
	"net/url"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// UserBody is a user.
type UserBody struct {
	ID        string     `json:"id" doc:"sub of the user's tokens"`
	Name      string     `json:"name"`
	Extension *string    `json:"extension" doc:"The user's own phone, where the token names none"`
	Roles     []string   `json:"roles" nullable:"false" doc:"Where the token, or the API key, names none"`
	CallLimit int        `json:"call_limit" doc:"Calls at once; 0 is the server's limit"`
	Disabled  bool       `json:"disabled" doc:"Tokens and keys of the user open nothing"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt *time.Time `json:"updated_at"`
}

// CreateUser is a user to be made.
type CreateUser struct {
	ID        string   `json:"id" minLength:"1" maxLength:"128"`
	Name      string   `json:"name,omitempty" maxLength:"128"`
	Extension string   `json:"extension,omitempty" maxLength:"64"`
	Roles     []string `json:"roles,omitempty" maxItems:"4" doc:"admin, user, service, auditor"`
	CallLimit int      `json:"call_limit,omitempty" minimum:"0" maximum:"100000"`
}

// ChangeUser is what is to be another of a user; what is left out stays.
type ChangeUser struct {
	Name      *string   `json:"name,omitempty" maxLength:"128"`
	Extension *string   `json:"extension,omitempty" maxLength:"64" doc:"Empty for none"`
	Roles     *[]string `json:"roles,omitempty" maxItems:"4"`
	CallLimit *int      `json:"call_limit,omitempty" minimum:"0" maximum:"100000"`
	Disabled  *bool     `json:"disabled,omitempty"`
}

// PathUser is the user that a path names; exported, as rest.PathID is.
type PathUser struct {
	ID string `path:"id" doc:"Percent-encoded"`
}

// user is the user's ID; a path that is no text is of nobody.
func (u PathUser) user() (string, error) {
	id, err := url.PathUnescape(u.ID)
	if err != nil || auth.CheckUser(id) != nil {
		return "", fault.New(fault.NotFound, "no user %q", u.ID)
	}
	return id, nil
}

func userBody(u store.User) UserBody {
	return UserBody{
		ID: u.ID, Name: u.Name, Extension: rest.OptionalText(u.Extension), Roles: orNone(u.Roles), CallLimit: u.CallLimit,
		Disabled: !u.Disabled.IsZero(), CreatedAt: u.Created, UpdatedAt: rest.OptionalTime(u.Updated),
	}
}

func (r *routes) listUsers(ctx context.Context, _ auth.Principal, in *rest.Page) (*rest.List[UserBody], error) {
	all, err := r.Store.Users.List(ctx)
	if err != nil {
		return nil, err
	}
	return rest.CutNamed(each(all, userBody), *in, func(u UserBody) string { return u.ID })
}

func (r *routes) showUser(ctx context.Context, _ auth.Principal, in *PathUser) (*rest.Answer[UserBody], error) {
	id, err := in.user()
	if err != nil {
		return nil, err
	}
	u, err := r.Store.Users.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[UserBody]{Body: userBody(u)}, nil
}

func (r *routes) createUser(ctx context.Context, p auth.Principal, in *struct {
	rest.Once
	Body CreateUser
},
) (*rest.Created[UserBody], error) {
	b := in.Body
	if err := rest.Text("body.name", b.Name); err != nil {
		return nil, err
	}
	u := store.User{ID: b.ID, Name: b.Name, Extension: b.Extension, CallLimit: b.CallLimit, Created: r.Now().UTC()}
	if err := auth.CheckUser(u.ID); err != nil {
		return nil, rest.InField("body.id", fault.New(fault.Invalid, "%w", err))
	}
	var err error
	if u.Roles, err = rolesOf("body.roles", b.Roles); err != nil {
		return nil, err
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	if err := r.linkable(u.Extension); err != nil {
		return nil, err
	}
	if err := r.Store.Users.Create(ctx, u); err != nil {
		return nil, r.taken(ctx, err, u)
	}
	r.Changed(ctx, u.ID)
	r.Log.Info("user created", "user", u.ID, "by", p.User)
	return &rest.Created[UserBody]{Location: rest.Base + "/users/" + url.PathEscape(u.ID), Body: userBody(u)}, nil
}

// linkable fails where no phone has a number that a user is to have.
func (r *routes) linkable(number string) error {
	if number != "" && !r.Phones.Phone(number) {
		return rest.InField("body.extension", fault.New(fault.Invalid, "there is no extension %q", number))
	}
	return nil
}

// taken says what of a user that could not be written another has.
func (r *routes) taken(ctx context.Context, err error, u store.User) error {
	if fault.Of(err) != fault.Conflict {
		return err
	}
	if other, oerr := r.Store.Users.ByExtension(ctx, u.Extension); oerr == nil && other.ID != u.ID {
		return rest.InField("body.extension", fault.WithCode(fault.Conflict, "extension_taken", "extension %s is another user's", u.Extension))
	}
	return rest.InField("body.id", fault.WithCode(fault.Conflict, "user_exists", "there is a user %q already", u.ID))
}

func (r *routes) changeUser(ctx context.Context, p auth.Principal, in *struct {
	PathUser
	Body ChangeUser
},
) (*rest.Answer[UserBody], error) {
	id, err := in.user()
	if err != nil {
		return nil, err
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	u, err := r.Store.Users.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	b := in.Body
	set(&u.Name, b.Name)
	if err := rest.Text("body.name", u.Name); err != nil {
		return nil, err
	}
	set(&u.CallLimit, b.CallLimit)
	if b.Roles != nil {
		if u.Roles, err = rolesOf("body.roles", *b.Roles); err != nil {
			return nil, err
		}
	}
	if b.Extension != nil && *b.Extension != u.Extension {
		if err := r.linkable(*b.Extension); err != nil {
			return nil, err
		}
		u.Extension = *b.Extension
	}
	u.Updated = r.Now().UTC()
	if b.Disabled != nil && *b.Disabled != !u.Disabled.IsZero() {
		u.Disabled = time.Time{}
		if *b.Disabled {
			u.Disabled = u.Updated
		}
	}
	if err := r.Store.Users.Put(ctx, u); err != nil {
		return nil, r.taken(ctx, err, u)
	}
	r.Changed(ctx, u.ID)
	r.Log.Info("user changed", "user", u.ID, "by", p.User)
	return &rest.Answer[UserBody]{Body: userBody(u)}, nil
}

// set gives a field its new value, where there is one.
func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

func (r *routes) deleteUser(ctx context.Context, p auth.Principal, in *PathUser) (*struct{}, error) {
	id, err := in.user()
	if err != nil {
		return nil, err
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	if err := r.Store.Users.Delete(ctx, id); err != nil {
		return nil, err
	}
	r.Changed(ctx, id)
	r.Log.Info("user deleted", "user", id, "by", p.User)
	return nil, nil
}
