// Package web holds the browser page that the server serves.
package web

import (
	"embed"
	"io/fs"
)

//go:embed page
var files embed.FS

// Pages is the page's folder.
func Pages() fs.FS {
	pages, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return pages
}
