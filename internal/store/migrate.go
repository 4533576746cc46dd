package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations is a provider over the embedded files; it owns nothing that needs
// closing beyond the engine.
func (e *engine) migrations() (*goose.Provider, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if e.locker != nil {
		options = append(options, goose.WithSessionLocker(e.locker))
	}
	return goose.NewProvider(e.dialect, e.writes, files, options...)
}

// migrateUp brings the schema to the newest version. A database made by a newer
// program is refused rather than guessed at.
func (e *engine) migrateUp(ctx context.Context) error {
	p, err := e.migrations()
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("schema version %d is newer than this program's %d", current, target)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating from version %d: %w", current, err)
	}
	return nil
}
