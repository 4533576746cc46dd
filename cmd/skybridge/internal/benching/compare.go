package benching

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/bench"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

// compareCommand is what make bench runs.
func compareCommand(p Program) *cobra.Command {
	var short bool
	var speech, root, page string
	var only []string
	c := &cobra.Command{
		Use: "compare", Short: "Measure beside Asterisk, Janus and rtpengine, as far as they are installed", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			self, runner, err := p.measuring(cmd, "error")
			if err != nil {
				return err
			}
			x := bench.Comparison{
				Runner: runner, Program: self, Asterisk: root, Short: short, Only: only, Out: cmd.ErrOrStderr(), Version: "Skybridge " + p.Version,
			}
			if speech != "" {
				if x.Runner.Speech, err = bench.Speech(speech); err != nil {
					return err
				}
				x.Speech = []string{"--speech", speech}
			}
			report, err := x.Run(ctx)
			if err != nil {
				return err
			}
			return errors.Join(report.Text(cmd.OutOrStdout()), writeReport(page, report))
		},
	}
	f := c.Flags()
	f.StringSliceVar(&only, "only", nil, "these parts alone: room, rooms, relay, opus-room, opus-rooms, opus-PCMU, G722-PCMU, browsers, browsers-40, video, latency, lateness, memory, signalling, requests, fanout, join, largest, profile (of those that miss a bar)")
	f.BoolVar(&short, "short", false, "one round, in about five minutes")
	f.StringVar(&speech, "speech", "", "WAV file with speech for Opus; else it is made up")
	f.StringVar(&root, "asterisk-root", filepath.Join(cache(), "asterisk22"), "folder that has an Asterisk 22, as testdata/peers/install.sh makes it")
	f.StringVar(&page, "page", "", "page to write the results into")
	return c
}

// cache is where the test peers are kept.
func cache() string {
	user, err := os.UserCacheDir()
	if err != nil {
		user = os.TempDir()
	}
	return cmp.Or(os.Getenv("SKYBRIDGE_CACHE"), filepath.Join(user, "skybridge"))
}

func writeReport(page string, r *table.Report) error {
	if page == "" {
		return nil
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	whole, err := table.Insert(string(text), r.Markdown())
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(whole), 0o644) //nolint:gosec // a page of the repository
}

// codecsCommand is what the benchmark starts to see what codecs alone cost.
func codecsCommand() *cobra.Command {
	var speech string
	c := &cobra.Command{
		Use: "codecs WORK", Hidden: true, Short: "Encode and decode, and nothing else", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var pcm []int16
			if speech != "" {
				var err error
				if pcm, err = bench.Speech(speech); err != nil {
					return err
				}
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), time.Hour)
			defer cancel()
			return bench.RunCodecs(ctx, args[0], pcm, cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&speech, "speech", "", "WAV file with speech")
	return c
}
