package presubmit

import (
	"fmt"
	"path"
)

// What a file, and the code of a package without its tests, may hold at most, in lines.
const (
	fileLines    = 400
	packageLines = 3000
)

// long are the files beyond that, all of them one table or one rig.
var long = map[string]string{
	"signaling/tech/sip/identify_test.go": "one table of who is who",
	"media/codec/opus/libopus_test.go":    "one comparison with the library's own tools",
}

// sizes are the files of a package that are too long, and the package if it is too large.
func sizes(dir string, files []*file) (found []string) {
	sum := 0
	for _, f := range files {
		lines := f.set.Position(f.tree.FileEnd).Line
		name := path.Join(dir, path.Base(f.set.Position(f.tree.FileStart).Filename))
		if lines > fileLines && long[name] == "" {
			found = append(found, fmt.Sprintf("%s: %d lines; a file has at most %d", name, lines, fileLines))
		}
		if !f.test {
			sum += lines
		}
	}
	if sum > packageLines {
		found = append(found, fmt.Sprintf("%s: %d lines without tests; a package has at most %d: a part of it wants a name of its own", dir, sum, packageLines))
	}
	return found
}
