package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/api/cli"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/usage"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	asteriskconf "github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

// socketName is the console's socket in the data folder.
const socketName = "skybridge.ctl"

func rxCommand(s *settings) *cobra.Command {
	var socket string
	c := &cobra.Command{
		Use:     `rx ["COMMAND"]`,
		Short:   "Ask the running server, in Asterisk's console commands",
		Long:    "Ask the running server, in Asterisk's console commands. Without a command they are read from standard input.",
		Example: `  skybridge rx "core show channels"`,
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := s.console(cmd.Context(), socket)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				return cli.Ask(cmd.Context(), path, strings.Join(args, " "), cmd.OutOrStdout())
			}
			return converse(cmd, path)
		},
	}
	c.Flags().StringVar(&socket, "socket", "", "the server's console socket, if it is not in the data folder")
	return c
}

// unbanCommand is rx "unban", by itself.
func unbanCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "unban ADDRESS", Short: "End the ban of an address from SIP", Args: cobra.ExactArgs(1),
		Example: `  skybridge rx "show bans"
  skybridge unban 198.51.100.7`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := netip.ParseAddr(args[0])
			if err != nil {
				return usage.Wrap(fmt.Errorf("unban: %w", err))
			}
			path, err := s.console(cmd.Context(), "")
			if err != nil {
				return err
			}
			return cli.Ask(cmd.Context(), path, "unban "+a.String(), cmd.OutOrStdout())
		},
	}
}

// console finds the running server's console: at socket, unless that is empty.
func (s *settings) console(ctx context.Context, socket string) (string, error) {
	sockets := []string{socket}
	if socket == "" {
		cfg, err := s.load()
		if err != nil {
			return "", err
		}
		sockets = socketsOf(cfg, s.runDir())
	}
	return running(ctx, sockets)
}

// socketsOf are the places where a server's console may be: the folder that
// asterisk.conf names, unless the data folder was named, and the data folder.
func socketsOf(cfg config.Config, fallback string) []string {
	var out []string
	if cfg.AsteriskDir != "" && !cfg.IsSet("data_dir") {
		var main asteriskconf.Main
		if files, err := asterisk.OpenDir(cfg.AsteriskDir); err == nil { // a client needs no files
			main = asteriskconf.LoadMain(files)
		}
		if dir := runDir(main, fallback); dir != "" {
			out = append(out, filepath.Join(dir, socketName))
		}
	}
	return append(out, filepath.Join(cfg.DataDir, socketName))
}

// running is the first of the sockets at which a server listens. There is none: the
// error is that of the first, a *cli.NotRunningError.
func running(ctx context.Context, sockets []string) (string, error) {
	var first error
	for _, path := range sockets {
		err := cli.Ask(ctx, path, "", io.Discard)
		if err == nil {
			return path, nil
		}
		if first == nil {
			first = err
		}
	}
	return "", first
}

// converse asks what standard input says, line by line. A person at a terminal is
// greeted and prompted, as by Asterisk's remote console.
func converse(cmd *cobra.Command, socket string) error {
	in, prompt := cmd.InOrStdin(), ""
	if terminal(in) {
		host, err := os.Hostname()
		if err != nil {
			host = "skybridge"
		}
		prompt = host + "*CLI> "
		if err := cli.Ask(cmd.Context(), socket, "core show version", cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	lines := bufio.NewScanner(in)
	for {
		if err := fprint(cmd.OutOrStdout(), "%s", prompt); err != nil {
			return err
		}
		if !lines.Scan() {
			break
		}
		switch line := strings.TrimSpace(lines.Text()); line {
		case "":
		case "exit", "quit":
			return nil
		default:
			if err := cli.Ask(cmd.Context(), socket, line, cmd.OutOrStdout()); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read commands: %w", err)
	}
	return nil
}

// terminal reports whether somebody types what is read (isatty(3)).
func terminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	var state syscall.Termios
	_, _, no := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TCGETS, uintptr(unsafe.Pointer(&state))) //nolint:gosec // as ioctl wants it
	return no == 0
}
