package peers

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/bench/traffic"
)

// The ports that contenders take for RTP, below those that the kernel gives out.
const (
	firstRTP = 10000
	lastRTP  = 32000
)

// config is the one configuration that Skybridge and Asterisk have; @NAME@ stands for
// what a run chooses.
//
//go:embed config
var config embed.FS

// writeConfig writes the configuration to a folder that it makes.
func writeConfig(dir string, sip, clientPort, accounts int) error {
	values := strings.NewReplacer(
		"@SIP@", strconv.Itoa(sip), "@CLIENT@", strconv.Itoa(clientPort),
		"@RTP_FIRST@", strconv.Itoa(firstRTP), "@RTP_LAST@", strconv.Itoa(lastRTP),
	)
	files, err := fs.Glob(config, "config/*.conf")
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // Asterisk may run as somebody else
		return fmt.Errorf("configuration: %w", err)
	}
	for _, name := range files {
		text, err := config.ReadFile(name)
		if err != nil {
			return err
		}
		whole := values.Replace(string(text))
		if filepath.Base(name) == "pjsip.conf" {
			whole += phones(accounts)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(whole), 0o644); err != nil { //nolint:gosec // as above
			return fmt.Errorf("configuration: %w", err)
		}
	}
	return nil
}

// phones are the sections of accounts that register, in pjsip.conf.
func phones(accounts int) string {
	var b strings.Builder
	for i := range accounts {
		user := traffic.User(i)
		fmt.Fprintf(&b, "\n[%[1]s](party)\nauth = %[1]s\naors = %[1]s\nallow = ulaw\n"+
			"[%[1]s]\ntype = auth\nauth_type = userpass\nusername = %[1]s\npassword = %[2]s\n"+
			"[%[1]s]\ntype = aor\nmax_contacts = 1\nremove_existing = yes\n", user, traffic.Password(user))
	}
	return b.String()
}
