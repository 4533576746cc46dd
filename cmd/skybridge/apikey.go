package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/auth/apikey"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

func apiKeyCommand(s *settings) *cobra.Command {
	c := &cobra.Command{
		Use: "apikey", Short: "Make, list and revoke keys for the API", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(apiKeyCreate(s), apiKeyList(s), apiKeyRevoke(s))
	return c
}

// withKeys opens the keys of the server's database for f.
func (s *settings) withKeys(cmd *cobra.Command, f func(*store.APIKeys) error) error {
	cfg, err := s.loadWhole(cmd.Context())
	if err != nil {
		return err
	}
	db, err := existingStore(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	return errors.Join(f(db.APIKeys), db.Close())
}

func apiKeyCreate(s *settings) *cobra.Command {
	var user, name string
	var roles []string
	var life time.Duration
	c := &cobra.Command{
		Use: "create --user NAME", Short: "Make a key and print it, once", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := principalOf(user, "", roles); err != nil {
				return err
			}
			now := time.Now()
			var expires time.Time
			if life > 0 {
				expires = now.Add(life)
			}
			key, err := apikey.New(apikey.Default())
			if err != nil {
				return err
			}
			row := store.APIKey{ID: key.ID, Name: name, Hash: key.Hash, Owner: user, Roles: roles, Created: now, Expires: expires}
			err = s.withKeys(cmd, func(keys *store.APIKeys) error { return keys.Create(cmd.Context(), row) })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), key.Text)
			return err
		},
	}
	c.Flags().StringVar(&user, "user", "", "the user that the key acts for")
	c.Flags().StringVar(&name, "name", "", "what the key is for")
	c.Flags().StringSliceVar(&roles, "role", []string{string(auth.RoleService)}, "admin, user, service, auditor")
	c.Flags().DurationVar(&life, "life", 0, "how long it is valid; 0 is until it is revoked")
	return c
}

func apiKeyList(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys, without their secrets", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withKeys(cmd, func(keys *store.APIKeys) error {
				list, err := keys.List(cmd.Context())
				if err != nil {
					return err
				}
				for _, k := range list {
					state := "valid"
					if !k.Valid(time.Now()) {
						state = "ended"
					}
					if err := fprint(cmd.OutOrStdout(), "%s  %-5s  %-20s  %v  %s\n", k.ID, state, k.Owner, k.Roles, k.Name); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

func apiKeyRevoke(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End a key at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withKeys(cmd, func(keys *store.APIKeys) error { return keys.Revoke(cmd.Context(), args[0], time.Now()) })
		},
	}
}
