// Package web holds the browser page that the server serves, and the SDK for pages of
// others below /sdk/.
package web

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed page sdk/dist
var files embed.FS

// Pages is the page's folder, with the SDK's built modules as its folder sdk.
func Pages() fs.FS { return pages{sub("page"), sub("sdk/dist")} }

type pages struct{ page, sdk fs.FS }

// Open opens a file of the page or of the SDK.
func (p pages) Open(name string) (fs.File, error) {
	if name == "sdk" {
		return p.sdk.Open(".")
	}
	if rest, ok := strings.CutPrefix(name, "sdk/"); ok {
		return p.sdk.Open(rest)
	}
	return p.page.Open(name)
}

func sub(dir string) fs.FS {
	folder, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return folder
}
