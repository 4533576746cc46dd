package main

import (
	"bufio"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/api/cli"
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
			if socket == "" {
				cfg, err := s.load()
				if err != nil {
					return err
				}
				socket = filepath.Join(cfg.DataDir, socketName)
			}
			if len(args) > 0 {
				return cli.Ask(cmd.Context(), socket, strings.Join(args, " "), cmd.OutOrStdout())
			}
			return converse(cmd, socket)
		},
	}
	c.Flags().StringVar(&socket, "socket", "", "the server's console socket, if it is not in the data folder")
	return c
}

// converse asks what standard input says, line by line.
func converse(cmd *cobra.Command, socket string) error {
	lines := bufio.NewScanner(cmd.InOrStdin())
	for lines.Scan() {
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
