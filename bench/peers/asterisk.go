package peers

import (
	"context"
	_ "embed" // for the file below
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Asterisk is Asterisk 22 in a root folder of its own, with the files that Skybridge
// has. Root is what testdata/peers/install.sh makes.
type Asterisk struct{ Root string }

// Name implements Contender.
func (Asterisk) Name() string { return "asterisk" }

// folders are Asterisk's own settings.
//
//go:embed asterisk.conf
var folders string

// enter is run in namespaces of its own, which take its mounts and its processes with
// them: $1 is the root, $2 the folder that is /peer there.
const enter = `
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1/peer"
exec chroot "$1" /usr/sbin/asterisk -C /peer/asterisk.conf -f -n
`

// Start implements Contender.
func (a Asterisk) Start(ctx context.Context, at Place) (Instance, error) {
	modules, err := filepath.Glob(filepath.Join(a.Root, "usr", "lib", "*", "asterisk", "modules"))
	switch {
	case err != nil:
		return nil, err
	case len(modules) != 1:
		return nil, fmt.Errorf("asterisk: %w: no Asterisk 22 in %s; testdata/peers/install.sh makes it", ErrUnavailable, a.Root)
	case os.Geteuid() != 0:
		return nil, fmt.Errorf("asterisk: %w: needs root to enter %s", ErrUnavailable, a.Root)
	}
	for _, dir := range []string{"lib", "lib/keys", "log", "run"} {
		if err := os.Mkdir(filepath.Join(at.Dir, dir), 0o755); err != nil { //nolint:gosec // nothing secret is in it
			return nil, err
		}
	}
	text := strings.ReplaceAll(folders, "@TRIPLET@", filepath.Base(filepath.Dir(filepath.Dir(modules[0]))))
	if err := os.WriteFile(filepath.Join(at.Dir, "asterisk.conf"), []byte(text), 0o644); err != nil { //nolint:gosec // as above
		return nil, err
	}
	return startSIP(ctx, at, "asterisk", func(string) (*exec.Cmd, error) {
		cmd := exec.Command("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", //nolint:noctx // Close ends it
			"sh", "-ec", enter, "sh", a.Root, at.Dir)
		if at.Ordinary {
			return cmd, nil
		}
		return urgent(cmd), nil
	})
}
