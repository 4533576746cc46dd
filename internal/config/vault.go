package config

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
)

// Vault is where secrets are that the settings only refer to. What is empty is as Vault's own
// variables of the environment say: VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT, VAULT_TOKEN.
type Vault struct {
	Address   string `koanf:"address" yaml:"address"`
	Namespace string `koanf:"namespace" yaml:"namespace"`
	CAFile    string `koanf:"ca_file" yaml:"ca_file"`
	// TokenFile has the token; or RoleID and the file with a secret ID get one, at AppRolePath.
	TokenFile    string `koanf:"token_file" yaml:"token_file"`
	RoleID       string `koanf:"role_id" yaml:"role_id"`
	SecretIDFile string `koanf:"secret_id_file" yaml:"secret_id_file"`
	AppRolePath  string `koanf:"approle_path" yaml:"approle_path"`
}

func (v Vault) validate(check func(string, error)) {
	if v.Address != "" {
		check("vault.address", CheckVault(v.Address))
	}
	if (v.RoleID == "") != (v.SecretIDFile == "") {
		check("vault.role_id", errors.New("wants a vault.secret_id_file beside it, and the reverse"))
	}
	if v.RoleID != "" && v.TokenFile != "" {
		check("vault.token_file", errors.New("a token or an AppRole, not both"))
	}
	if v.AppRolePath == "" || strings.Trim(v.AppRolePath, "/") != v.AppRolePath {
		check("vault.approle_path", errors.New("want the path of a mount, such as approle"))
	}
}

// CheckVault looks at an address of Vault. It does not repeat what is wrong, which may have a secret in it.
func CheckVault(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return errors.New("want https://HOST[:PORT]")
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("want https, or http to a loopback address")
}

const vaultPrefix = "vault:"

// IsReference reports whether a setting refers to a secret of Vault instead of being one.
func IsReference(text string) bool { return strings.HasPrefix(text, vaultPrefix) }

// Reference is a field of a secret of a KV store, version 2: vault:MOUNT/data/PATH#FIELD.
type Reference struct {
	Path  string // as Vault's HTTP API has it, with data/ behind the mount
	Field string
}

const maxReference = 1024

// ParseReference reads one.
func ParseReference(text string) (Reference, error) {
	path, field, ok := strings.Cut(strings.TrimPrefix(text, vaultPrefix), "#")
	parts := strings.Split(path, "/")
	at := slices.Index(parts, "data")
	switch {
	case !IsReference(text) || !ok || field == "" || len(text) > maxReference:
		return Reference{}, errors.New("want vault:MOUNT/data/PATH#FIELD")
	case slices.Contains(parts, "") || slices.Contains(parts, ".") || slices.Contains(parts, ".."):
		return Reference{}, errors.New("a path with an empty part, . or ..: want vault:MOUNT/data/PATH#FIELD")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '?' }):
		return Reference{}, errors.New("a character that no path has: want vault:MOUNT/data/PATH#FIELD")
	case at < 1 || at == len(parts)-1:
		return Reference{}, errors.New("want data/ between mount and path, as the API of KV version 2 has it: vault:MOUNT/data/PATH#FIELD")
	}
	return Reference{path, field}, nil
}

// String is the reference as it is written.
func (r Reference) String() string { return vaultPrefix + r.Path + "#" + r.Field }

// secret is a setting that may be a reference, and where its value goes.
type secret struct {
	key  string // its origin's
	what string // its name
	text string
	to   *string
}

// secrets are the settings that may be references. The trunks are those of c alone.
func (c *Config) secrets() []secret {
	out := []secret{
		{"auth.jwt_secret", "", c.Auth.JWTSecret, &c.Auth.JWTSecret},
		{"turn.secret", "", c.TURN.Secret, &c.TURN.Secret},
		{"database.url", "", c.Database.URL, &c.Database.URL},
		{"tls.cert_file", "", c.TLS.CertFile, &c.TLS.cert},
		{"tls.key_file", "", c.TLS.KeyFile, &c.TLS.key},
	}
	out = append(out, c.SNMP.secrets()...)
	c.SIP.Trunks = slices.Clone(c.SIP.Trunks)
	for i := range c.SIP.Trunks {
		t := &c.SIP.Trunks[i]
		out = append(out, secret{"sip.trunks", "password of trunk " + t.Name, t.Password, &t.Password})
	}
	for i := range out {
		if out[i].what == "" {
			out[i].what = out[i].key
		}
	}
	return out
}

// validateReferences wants references that can be read, and none where no secret is.
func (c Config) validateReferences(check func(string, error)) {
	may := make(map[string]bool)
	for _, s := range c.secrets() {
		may[s.key] = true
		if IsReference(s.text) {
			if _, err := ParseReference(s.text); err != nil {
				check(s.key, fmt.Errorf("%s: %w", s.what, err))
			}
		}
	}
	walk(reflect.ValueOf(c), "", func(key string, v reflect.Value) {
		list, _ := v.Interface().([]string)
		if v.Kind() == reflect.String {
			list = []string{v.String()}
		}
		if !may[key] && slices.ContainsFunc(list, IsReference) {
			check(key, errors.New("is no secret: it cannot refer to Vault"))
		}
	})
	if IsReference(c.TLS.KeyFile) != IsReference(c.TLS.CertFile) && IsReference(c.TLS.CertFile) {
		check("tls.cert_file", errors.New("in Vault, it wants its tls.key_file there too"))
	}
}

// References reports whether any setting refers to Vault.
func (c Config) References() bool {
	return slices.ContainsFunc(c.secrets(), func(s secret) bool { return IsReference(s.text) })
}

// Unresolved is an error where a setting refers to Vault and nobody has asked it.
func (c Config) Unresolved() error {
	for _, s := range c.secrets() {
		if IsReference(s.text) && (s.to == nil || *s.to == "" || IsReference(*s.to)) {
			return c.Origin(s.key).wrong(fmt.Errorf("%s: %s was not read", s.what, s.text))
		}
	}
	return nil
}

// Resolve is the configuration with what its references stand for. read gives the fields of a
// secret by its path, each path once. Errors are, or wrap, *Error and name the references, never
// what they stand for.
func (c Config) Resolve(ctx context.Context, read func(ctx context.Context, path string) (map[string]any, error)) (Config, error) {
	known := make(map[string]map[string]any)
	for _, s := range c.secrets() {
		if !IsReference(s.text) {
			continue
		}
		fail := func(err error) (Config, error) {
			return Config{}, c.Origin(s.key).wrong(fmt.Errorf("%s: %s: %w", s.what, s.text, err))
		}
		ref, err := ParseReference(s.text)
		if err != nil {
			return fail(err)
		}
		fields, asked := known[ref.Path]
		if !asked {
			if fields, err = read(ctx, ref.Path); err != nil {
				return fail(err)
			}
			known[ref.Path] = fields
		}
		value, ok := fields[ref.Field]
		text, isText := value.(string)
		switch {
		case !ok:
			return fail(errors.New("the secret has no such field"))
		case !isText || text == "":
			return fail(errors.New("the field is no text, or an empty one"))
		case IsReference(text):
			return fail(errors.New("the field refers to Vault itself"))
		}
		*s.to = text
	}
	return c, c.Validate()
}

// Texts are the certificate and the key in PEM: those of files, or of Vault.
func (t TLS) Texts() (cert, key []byte, err error) {
	read := func(file, resolved string) []byte {
		if IsReference(file) || err != nil {
			return []byte(resolved)
		}
		text, failed := os.ReadFile(file) //nolint:gosec // the operator names it
		err = failed
		return text
	}
	return read(t.CertFile, t.cert), read(t.KeyFile, t.key), err
}
