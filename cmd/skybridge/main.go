// Command skybridge is the media server: SIP registrar and B2BUA, WebRTC
// endpoints, RTP mixer, REST API, and the commands to run and look at them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/api/cli"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/asteriskline"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/benching"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/secrets"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/usage"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// version is set at build time.
var version = "dev"

// The exit codes (sysexits.h where it has one).
const (
	exitFailure     = 1
	exitUsage       = 2
	exitPortInUse   = 69
	exitBadSettings = 78
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is the command line: what it was called with, where it writes, the exit code.
func run(args []string, out, errs io.Writer) int {
	name, rest := filepath.Base(args[0]), args[1:]
	asAsterisk := asteriskline.Is(name, rest)
	if asAsterisk {
		translated, notes, err := asteriskline.Translate(rest)
		if err != nil {
			fmt.Fprintf(errs, "%s: %v\n", name, err)
			return exitUsage
		}
		for _, note := range notes {
			fmt.Fprintf(errs, "%s: %s\n", name, note)
		}
		rest = translated
	}
	root := rootCommand(out, errs, asAsterisk)
	root.SetArgs(rest)
	err := root.ExecuteContext(context.Background())
	var down *cli.NotRunningError
	switch {
	case err == nil:
		return 0
	case asAsterisk && errors.As(err, &down): // in the words that scripts know
		fmt.Fprintf(errs, "Unable to connect to remote asterisk (does %s exist?)\n", down.Socket)
	default:
		fmt.Fprintf(errs, "skybridge: %v\n", err)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var misuse usage.Error
	var settings *config.Error
	switch {
	case errors.As(err, &misuse):
		return exitUsage
	case errors.As(err, &settings), errors.Is(err, syscall.EADDRNOTAVAIL): // an address that is not ours
		return exitBadSettings
	case errors.Is(err, syscall.EADDRINUSE):
		return exitPortInUse
	default:
		return exitFailure
	}
}

func rootCommand(out, errs io.Writer, asAsterisk bool) *cobra.Command {
	root := &cobra.Command{
		Use:           "skybridge",
		Short:         "A media server for phones, browsers and Asterisk trunks",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetOut(out)
	root.SetErr(errs)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage.Wrap(err) })
	s := settings{asAsterisk: asAsterisk}
	f := root.PersistentFlags()
	f.StringVar(&s.file, "config", "", "settings file (skybridge.yaml)")
	f.StringVar(&s.asteriskDir, "asterisk-dir", "", "take endpoints, routes and ports from this directory of Asterisk files")
	f.StringVar(&s.dataDir, "data-dir", "", "where the database, the certificate and the default files live")
	f.StringArrayVar(&s.set, "set", nil, "one setting, KEY=VALUE (--set sip.listen=127.0.0.1:5060)")
	root.AddCommand(serveCommand(&s), checkCommand(&s), tokenCommand(&s), apiKeyCommand(&s), rxCommand(&s), unbanCommand(&s), versionCommand(), benching.Command(program()))
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	strictArgs(root)
	return root
}

// program is what the commands that measure know of this one.
func program() benching.Program {
	return benching.Program{Version: version, Logger: func(w io.Writer, level string) *slog.Logger {
		return newLogger(config.Log{Level: level}, w)
	}}
}

// helpCommand is cobra's, but for what it does not know: that is a usage error.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about a command", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usage.Wrap(fmt.Errorf("help: no command %q", strings.Join(args, " ")))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// strictArgs makes wrong arguments of a command, and of those below it, usage errors.
func strictArgs(c *cobra.Command) {
	if !c.Runnable() { // else cobra gives its help whatever the arguments
		c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usage.Wrap(err)
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		strictArgs(sub)
	}
}

// settings are the flags that every command takes.
type settings struct {
	file        string
	asteriskDir string
	dataDir     string
	set         []string
	asAsterisk  bool // the command line was Asterisk's
}

// runDir is where the console's socket is if asterisk.conf does not say; "" is
// nowhere but in the data folder.
func (s *settings) runDir() string {
	if s.asAsterisk {
		return asteriskline.Run
	}
	return ""
}

// load reads the settings with the flags on top.
func (s *settings) load() (config.Config, error) {
	var flags []config.Flag
	for _, kv := range s.set {
		key, value, ok := strings.Cut(kv, "=")
		if !ok {
			return config.Config{}, usage.Wrap(fmt.Errorf("--set %q: want KEY=VALUE", kv))
		}
		flags = append(flags, config.Flag{Key: key, Value: value, Name: "--set " + key})
	}
	if s.asteriskDir != "" {
		flags = append(flags, config.Flag{Key: "asterisk_dir", Value: s.asteriskDir, Name: "--asterisk-dir"})
	}
	if s.dataDir != "" {
		flags = append(flags, config.Flag{Key: "data_dir", Value: s.dataDir, Name: "--data-dir"})
	}
	return config.Load(s.file, os.Environ(), flags)
}

// loadWhole reads the settings, and what they refer to in Vault.
func (s *settings) loadWhole(ctx context.Context) (cfg config.Config, err error) {
	if cfg, err = s.load(); err != nil {
		return cfg, err
	}
	keeper := secrets.New(slog.New(slog.DiscardHandler))
	defer func() { err = errors.Join(err, keeper.Close()) }()
	return keeper.Resolve(ctx, cfg)
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "Skybridge %s\n", version)
			return err
		},
	}
}
