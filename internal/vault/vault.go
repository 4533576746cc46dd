// Package vault reads secrets of HashiCorp Vault's KV store, version 2, and keeps the token that it
// reads them with alive.
//
// Goroutines: one that renews the token and logs in again, and one of the library's below it that
// watches the token's lifetime; both are ended by Close.
package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/hashicorp/vault/api/auth/approle"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Config is where Vault is and how to log in there. What is empty is as VAULT_ADDR,
// VAULT_NAMESPACE, VAULT_CACERT and VAULT_TOKEN say.
type Config struct {
	Address, Namespace, CAFile string
	// TokenFile has the token; RoleID and SecretIDFile get one by the AppRole at AppRolePath.
	TokenFile                         string
	RoleID, SecretIDFile, AppRolePath string
	// Timeout is that of one request, Retry the first pause after a login that failed.
	Timeout, Retry time.Duration
	Log            *slog.Logger
}

const (
	maxToken  = 8 << 10
	maxAnswer = 4 << 20 // bytes; a secret of KV has 1 MiB at most
	maxRetry  = time.Minute
)

// Client is logged in at Vault. Whoever makes it closes it.
type Client struct {
	cfg    Config
	api    *api.Client
	stop   context.CancelFunc
	life   context.Context
	idle   func() // closes connections
	ended  chan struct{}
	mu     sync.Mutex // of login
	auth   *api.Secret
	logins chan struct{} // of one: that auth is another one
}

// Open logs in.
func Open(ctx context.Context, cfg Config) (*Client, error) {
	ac := api.DefaultConfig() // it reads the environment
	if ac.Error != nil {
		return nil, fmt.Errorf("vault: environment: %w", ac.Error)
	}
	if cfg.CAFile != "" {
		if err := ac.ConfigureTLS(&api.TLSConfig{CACert: cfg.CAFile}); err != nil {
			return nil, fmt.Errorf("vault: %s: %w", cfg.CAFile, err)
		}
	}
	if cfg.Address != "" {
		ac.Address = cfg.Address
	}
	ac.Timeout, ac.MaxRetries = cfg.Timeout, 1
	c := &Client{cfg: cfg, ended: make(chan struct{}), logins: make(chan struct{}, 1)}
	c.life, c.stop = context.WithCancel(context.Background())
	c.idle = ac.HttpClient.CloseIdleConnections // of the transport below
	if below, ok := ac.HttpClient.Transport.(*http.Transport); ok {
		c.idle = below.CloseIdleConnections
	}
	ac.HttpClient.Transport = bounded{c.life, ac.HttpClient.Transport}
	var err error
	if c.api, err = api.NewClient(ac); err != nil {
		c.stop()
		return nil, fmt.Errorf("vault: %w", err)
	}
	if cfg.Namespace != "" {
		c.api.SetNamespace(cfg.Namespace)
	}
	if err := c.login(ctx); err != nil {
		c.stop()
		c.idle()
		return nil, err
	}
	go func() { // owned by c, ended by Close
		defer close(c.ended)
		guard.Do(cfg.Log, "the token of Vault", c.keep)
	}()
	return c, nil
}

// Close ends what keeps the token alive.
func (c *Client) Close() error {
	c.stop()
	<-c.ended
	c.idle()
	return nil
}

// Read gives the fields of the newest version of a secret, by the path of the HTTP API
// (MOUNT/data/PATH). Where the token is refused it logs in once more.
func (c *Client) Read(ctx context.Context, path string) (map[string]any, error) {
	secret, err := c.api.Logical().ReadWithContext(ctx, path)
	if refused(err) && c.api.Token() != "" && (c.cfg.RoleID != "" || c.cfg.TokenFile != "") {
		if failed := c.login(ctx); failed != nil {
			return nil, failed
		}
		secret, err = c.api.Logical().ReadWithContext(ctx, path)
	}
	if err != nil {
		return nil, plain("read", err)
	}
	if secret == nil {
		return nil, errors.New("vault: there is no such secret, or no KV store, version 2, at its mount")
	}
	if _, kv2 := secret.Data["metadata"]; !kv2 {
		return nil, errors.New("vault: what is there is no secret of a KV store, version 2")
	}
	fields, _ := secret.Data["data"].(map[string]any)
	if fields == nil {
		return nil, errors.New("vault: the newest version of the secret is deleted")
	}
	return fields, nil
}

// login gets a token, or reads the one there is, and learns how long it is good for.
func (c *Client) login(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	auth, err := c.token(ctx)
	if err != nil {
		return err
	}
	c.auth = auth
	select {
	case c.logins <- struct{}{}:
	default: // keep has not looked yet
	}
	return nil
}

func (c *Client) token(ctx context.Context) (*api.Secret, error) {
	if c.cfg.RoleID != "" {
		if _, err := os.Stat(c.cfg.SecretIDFile); err != nil { // the library would say it in many words
			return nil, fmt.Errorf("vault: secret ID: %w", err)
		}
		method, err := approle.NewAppRoleAuth(c.cfg.RoleID, &approle.SecretID{FromFile: c.cfg.SecretIDFile}, approle.WithMountPath(c.cfg.AppRolePath))
		if err != nil {
			return nil, plain("log in by AppRole", err)
		}
		c.api.ClearToken()
		secret, err := c.api.Auth().Login(ctx, method)
		if err != nil {
			return nil, plain("log in by AppRole", err)
		}
		return secret, nil
	}
	if c.cfg.TokenFile != "" {
		text, err := os.ReadFile(c.cfg.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("vault: token: %w", err)
		}
		token := strings.TrimSpace(string(text))
		if token == "" || len(token) > maxToken || strings.ContainsAny(token, " \n\r\t") {
			return nil, fmt.Errorf("vault: token: %s has none", c.cfg.TokenFile)
		}
		c.api.SetToken(token)
	}
	if c.api.Token() == "" {
		return nil, errors.New("vault: no token: set VAULT_TOKEN, vault.token_file, or vault.role_id and vault.secret_id_file")
	}
	secret, err := c.api.Auth().Token().LookupSelfWithContext(ctx)
	if err != nil {
		return nil, plain("look up the token", err)
	}
	ttl, err := secret.TokenTTL()
	renewable, also := secret.TokenIsRenewable()
	if err = errors.Join(err, also); err != nil {
		return nil, plain("look up the token", err)
	}
	return &api.Secret{Auth: &api.SecretAuth{ClientToken: c.api.Token(), Renewable: renewable, LeaseDuration: int(ttl / time.Second)}}, nil
}

// keep renews the token for as long as that can be done, then logs in again, until Close.
func (c *Client) keep() {
	for c.life.Err() == nil {
		if c.watch() {
			c.again()
		}
	}
}

// again logs in until that works, or Close.
func (c *Client) again() {
	for pause := c.cfg.Retry; ; pause = min(2*pause, maxRetry) {
		err := c.login(c.life)
		switch {
		case err == nil:
			c.cfg.Log.Info("logged in at Vault again")
			return
		case c.life.Err() != nil:
			return
		}
		c.cfg.Log.Error("no new token of Vault, secrets stay as they are", "err", err)
		select {
		case <-time.After(pause):
		case <-c.life.Done():
			return
		}
	}
}

// watch renews the token of now until it soon ends: then it is true. It is false at Close, and
// when there is another token.
func (c *Client) watch() bool {
	c.mu.Lock()
	auth := c.auth
	select {
	case <-c.logins: // of this very token
	default:
	}
	c.mu.Unlock()
	if auth.Auth.LeaseDuration <= 0 { // a token without end
		select {
		case <-c.life.Done():
		case <-c.logins:
		}
		return false
	}
	w, err := c.api.NewLifetimeWatcher(&api.LifetimeWatcherInput{Secret: auth})
	if err != nil {
		c.cfg.Log.Error("the token of Vault is not renewed", "err", err)
		return true
	}
	over := make(chan struct{})
	go func() { // owned by this call, which waits for it
		defer close(over)
		guard.Do(c.cfg.Log, "the renewal of the token of Vault", w.Start)
	}()
	defer func() { w.Stop(); <-over }()
	for {
		select {
		case <-c.life.Done():
			return false
		case <-c.logins: // Read has found the token refused
			return false
		case <-over:
			return true
		case <-w.RenewCh():
			c.cfg.Log.Debug("the token of Vault is renewed")
		}
	}
}

// refused reports whether Vault has said no to a token.
func refused(err error) bool {
	var answer *api.ResponseError
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusUnauthorized)
}

// plain is an error of the library's in one line.
func plain(doing string, err error) error {
	var answer *api.ResponseError
	if !errors.As(err, &answer) {
		return fmt.Errorf("vault: %s: %w", doing, err)
	}
	said := strings.Join(strings.Fields(strings.Join(answer.Errors, "; ")), " ")
	if len(said) > 200 {
		said = said[:200]
	}
	return fmt.Errorf("vault: %s: %s %s", doing, http.StatusText(answer.StatusCode), said)
}

// bounded ends requests with a life, and answers where they are too large.
type bounded struct {
	life context.Context //nolint:containedctx // the library's renewals have no context of ours
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	stop := context.AfterFunc(b.life, cancel)
	defer stop()
	resp, err := b.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read or given up
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(text) > maxAnswer {
		err = fmt.Errorf("an answer of more than %d bytes", maxAnswer)
	}
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp, nil
}
