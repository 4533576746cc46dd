package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/kept"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/usage"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

func tokenCommand(s *settings) *cobra.Command {
	var user, extension string
	var roles []string
	var life time.Duration
	c := &cobra.Command{
		Use: "token --user NAME", Short: "Make a token for the API", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := principalOf(user, extension, roles)
			if err != nil {
				return err
			}
			if life <= 0 {
				return usage.Wrap(fmt.Errorf("--life %v: a token must end", life))
			}
			cfg, err := s.loadWhole(cmd.Context())
			if err != nil {
				return err
			}
			token, err := issue(cmd.Context(), cfg, p, life)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
			return err
		},
	}
	c.Flags().StringVar(&user, "user", "", "the user (sub)")
	c.Flags().StringVar(&extension, "extension", "", "the user's own phone")
	c.Flags().StringSliceVar(&roles, "role", []string{string(auth.RoleUser)}, "admin, user, service, auditor")
	c.Flags().DurationVar(&life, "life", 12*time.Hour, "how long it is valid")
	return c
}

// issue makes a token with the configured secret, or with the one that the server
// has made and kept.
func issue(ctx context.Context, cfg config.Config, p auth.Principal, life time.Duration) (string, error) {
	var db *store.Store
	if cfg.Auth.JWTSecret == "" {
		var err error
		if db, err = existingStore(ctx, cfg); err != nil {
			return "", err
		}
		defer func() { _ = db.Close() }() // nothing of it is pending
	}
	a, err := newAuthenticator(ctx, cfg, db, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	return a.Issue(p, life)
}

// principalOf is who the flags speak of.
func principalOf(user, extension string, roles []string) (auth.Principal, error) {
	p := auth.Principal{User: user, Extension: extension}
	if err := auth.CheckUser(user); err != nil {
		return p, usage.Wrap(fmt.Errorf("--user: %w", err))
	}
	for _, name := range roles {
		role, err := auth.ParseRole(name)
		if err != nil {
			return p, usage.Wrap(fmt.Errorf("--role: %w", err))
		}
		p.Roles = append(p.Roles, role)
	}
	return p, nil
}

func openStore(ctx context.Context, cfg config.Config, log *slog.Logger) (*store.Store, error) {
	sc := store.Default()
	sc.Path, sc.URL = databaseOf(cfg), cfg.Database.URL
	return store.Open(ctx, sc, log)
}

func databaseOf(cfg config.Config) string { return filepath.Join(cfg.DataDir, "skybridge.db") }

// existingStore opens the database of a server that has run. A new one would be of
// no server: what is made with it opens nothing.
func existingStore(ctx context.Context, cfg config.Config) (*store.Store, error) {
	if _, err := os.Stat(databaseOf(cfg)); err != nil && cfg.Database.URL == "" {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no server has run on %s (data_dir): name its folder with --data-dir or its settings with --config",
				cfg.DataDir)
		}
		return nil, err
	}
	return openStore(ctx, cfg, slog.New(slog.DiscardHandler))
}

const secretSetting = "auth.jwt_secret"

// newAuthenticator makes the authenticator with the configured secret, or with
// one that is made once and kept in the database. db may be nil where the secret is
// configured and nobody asks for keys, provider where none is.
func newAuthenticator(ctx context.Context, cfg config.Config, db *store.Store, provider auth.Provider, log *slog.Logger) (*auth.Authenticator, error) {
	secret, err := jwtSecret(ctx, cfg, db)
	if err != nil {
		return nil, err
	}
	ac := auth.Config{Secret: secret, Provider: provider, Issuer: cfg.Auth.Issuer, Audience: cfg.Auth.Audience}
	var keys auth.Keys
	if db != nil {
		accounts := kept.Accounts{Store: db, Log: log}
		ac.Accounts, keys = accounts, accounts
	}
	if ac.PublicKeys, err = publicKeys(cfg.Auth.JWTKey); err != nil {
		return nil, err
	}
	return auth.New(ac, keys)
}

// jwtSecret is the configured secret, or the one that is made once and kept in the database.
func jwtSecret(ctx context.Context, cfg config.Config, db *store.Store) ([]byte, error) {
	if cfg.Auth.JWTSecret != "" {
		return []byte(cfg.Auth.JWTSecret), nil
	}
	secret, err := db.Settings.GetOrCreate(ctx, secretSetting, func() (string, error) { return string(auth.NewSecret()), nil })
	return []byte(secret), err
}
