// Package secrets puts what is in Vault in the place of the references of the settings.
//
// Goroutines: those of package vault, from the first reference on until Close.
package secrets

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/vault"
)

// patience bounds the time in which all references are read.
const patience = 30 * time.Second

// Keeper is logged in at Vault for as long as references need it.
type Keeper struct {
	log *slog.Logger

	mu     sync.Mutex
	at     config.Vault
	client *vault.Client // nil until there is a reference
}

// New makes one, which is closed by Close.
func New(log *slog.Logger) *Keeper { return &Keeper{log: log} }

// Resolve is a configuration with its secrets. Errors are, or wrap, *config.Error.
func (k *Keeper) Resolve(ctx context.Context, cfg config.Config) (config.Config, error) {
	if !cfg.References() {
		return cfg, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	k.mu.Lock()
	defer k.mu.Unlock()
	return cfg.Resolve(ctx, func(ctx context.Context, path string) (map[string]any, error) {
		if err := k.open(ctx, cfg.Vault); err != nil {
			return nil, err
		}
		return k.client.Read(ctx, path)
	})
}

// open logs in where the settings say now.
func (k *Keeper) open(ctx context.Context, at config.Vault) error {
	if k.client != nil && k.at == at {
		return nil
	}
	address := at.Address
	if address == "" {
		if address = os.Getenv("VAULT_ADDR"); address == "" {
			return errors.New("vault: no address: set vault.address or VAULT_ADDR")
		}
		if err := config.CheckVault(address); err != nil {
			return fmt.Errorf("vault: VAULT_ADDR: %w", err)
		}
	}
	client, err := vault.Open(ctx, vault.Config{
		Address: address, Namespace: at.Namespace, CAFile: at.CAFile, TokenFile: at.TokenFile,
		RoleID: at.RoleID, SecretIDFile: at.SecretIDFile, AppRolePath: at.AppRolePath,
		Timeout: 10 * time.Second, Retry: time.Second, Log: k.log,
	})
	if err != nil {
		return err
	}
	if k.client != nil {
		if err := k.client.Close(); err != nil {
			k.log.Warn("the former Vault", "err", err)
		}
	}
	k.client, k.at = client, at
	return nil
}

// Close ends the renewal of the token.
func (k *Keeper) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.client == nil {
		return nil
	}
	return k.client.Close()
}
