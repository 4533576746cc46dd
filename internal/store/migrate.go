package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations is a provider over the embedded files; it owns nothing that needs
// closing beyond db.
func migrations(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
}

// migrateUp brings the schema to the newest version. A database made by a newer
// program is refused rather than guessed at.
func migrateUp(ctx context.Context, db *sql.DB) error {
	p, err := migrations(db)
	if err != nil {
		return fmt.Errorf("store: reading migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: reading schema version: %w", kindOf(err))
	}
	if current > target {
		return fmt.Errorf("store: schema version %d is newer than this program's %d", current, target)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("store: migrating from version %d: %w", current, kindOf(err))
	}
	return nil
}
