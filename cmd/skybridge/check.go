package main

import (
	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/internal/config"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check DIR", Short: "Say what Asterisk files mean here", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := readInstallation(args[0], config.Default(), codecs())
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
