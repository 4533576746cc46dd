package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/authority"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/clients"
)

func checkCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "check DIR", Short: "Say what Asterisk files mean here", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := s.load()
			if err != nil {
				return err
			}
			if _, err := clients.Read(cfg); err != nil {
				return err
			}
			if _, err := authority.Roots(cfg); err != nil {
				return err
			}
			in, err := readInstallation(args[0], cfg, codecs(cfg.Media, slog.New(slog.DiscardHandler)), nil)
			if err != nil {
				return err
			}
			for _, w := range in.warnings {
				if err := fprint(cmd.OutOrStdout(), "%s\n", w); err != nil {
					return err
				}
			}
			return fprint(cmd.OutOrStdout(), "%d endpoints, %d warnings\n", len(in.directory.Endpoints), len(in.warnings))
		},
	}
}
