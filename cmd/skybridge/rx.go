package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/api/cli"
)

// socketName is the console's socket in the data folder.
const socketName = "skybridge.ctl"

func rxCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:     `rx ["COMMAND"]`,
		Short:   "Ask the running server, in Asterisk's console commands",
		Example: `  skybridge rx "core show channels"`,
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := s.load()
			if err != nil {
				return err
			}
			socket := filepath.Join(cfg.DataDir, socketName)
			if len(args) > 0 {
				return cli.Ask(cmd.Context(), socket, strings.Join(args, " "), cmd.OutOrStdout())
			}
			lines := bufio.NewScanner(os.Stdin)
			for lines.Scan() {
				if err := cli.Ask(cmd.Context(), socket, lines.Text(), cmd.OutOrStdout()); err != nil {
					return err
				}
			}
			if err := lines.Err(); err != nil {
				return fmt.Errorf("read commands: %w", err)
			}
			return nil
		},
	}
}
