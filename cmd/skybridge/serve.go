package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/privileges"
	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/secrets"
	"github.com/skygenesisenterprise/skybridge/internal/collector"
	"github.com/skygenesisenterprise/skybridge/internal/config"
)

func serveCommand(s *settings) *cobra.Command {
	var dev bool
	var user, group string
	var hogs int
	c := &cobra.Command{
		Use: "serve", Short: "Run the server", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			cfg, err := s.load()
			if err != nil {
				return err
			}
			if err := privileges.Become(user, group, cfg.Media.FIFO); err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			hog(ctx, hogs)
			keeper := secrets.New(newLogger(cfg.Log, cmd.ErrOrStderr()))
			defer func() { err = errors.Join(err, keeper.Close()) }()
			if cfg, err = keeper.Resolve(ctx, cfg); err != nil {
				return err
			}
			again := func(ctx context.Context) (config.Config, error) {
				fresh, err := s.load()
				if err != nil {
					return fresh, err
				}
				return keeper.Resolve(ctx, fresh)
			}
			return serve(ctx, cfg, manner{dev: dev, runDir: s.runDir(), settings: again}, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&user, "user", "", "run as this user, when started by root")
	c.Flags().StringVar(&group, "group", "", "run in this group, when started by root; the user's own without it")
	c.Flags().IntVar(&hogs, "hogs", 0, "goroutines that do nothing and never rest: what the benchmark measures ticks beside")
	if err := c.Flags().MarkHidden("hogs"); err != nil {
		panic(err) // the flag of the line before
	}
	c.Flags().BoolVar(&dev, "dev", false, "accept browsers on this machine's loopback addresses")
	return c
}

// hog starts n goroutines that work without a pause until ctx ends.
func hog(ctx context.Context, n int) {
	for range n {
		// owned by the command: ends with ctx
		go func() {
			defer func() { _ = recover() }() // nothing here can panic
			for ctx.Err() == nil {
			}
		}()
	}
}

// unserved are the listeners that can be set and that this version does not have.
var unserved = map[string]string{"ami.listen": "AMI"}

// serve runs the server until a signal ends it: SIGTERM and SIGINT drain, a second
// one stops, SIGHUP reloads.
func serve(ctx context.Context, cfg config.Config, how manner, out, errs io.Writer) error {
	log := newLogger(cfg.Log, errs)
	untune := collector.Tune(os.Getenv, os.DirFS("/"), log)
	defer untune()
	for _, l := range cfg.Listeners() {
		if what := unserved[l.Key]; what != "" && l.Address != config.Off {
			log.Warn("setting without effect: this version serves no "+what, "key", l.Key, "value", l.Address,
				"set", cfg.Origin(l.Key).String())
		}
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)

	srv, err := start(ctx, cfg, how, log)
	if err != nil {
		return err
	}
	hello, err := srv.greeting()
	if err == nil {
		err = fprint(out, "%s", hello)
	}
	if err != nil {
		return errors.Join(err, srv.stop(false))
	}
	if err := notify(ctx, "READY=1"); err != nil {
		log.Warn("the service manager was not told that the server is ready", "err", err)
	}
	for {
		select {
		case sig := <-signals:
			if sig == syscall.SIGHUP {
				if err := srv.reload(ctx); err != nil {
					log.Error("reload refused, the old configuration stays", "err", err)
				}
				continue
			}
			log.Info("stopping when the last call has ended; a second signal stops now")
			return srv.stopOrAgain(signals)
		case gracefully := <-srv.stopAsked:
			if gracefully {
				return srv.stopOrAgain(signals)
			}
			return srv.stop(false)
		case <-ctx.Done():
			return srv.stop(false)
		}
	}
}

// stopOrAgain drains, unless a second signal comes.
func (s *server) stopOrAgain(signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Shutdown.Drain)
	defer cancel()
	s.overload.Drain()
	drained := make(chan error, 1)
	go func() { drained <- s.engine.Drain(ctx) }() // owned by this call, ended by ctx
	for {
		select {
		case err := <-drained:
			if err != nil {
				s.log.Info("calls still up at the end of the drain", "channels", len(s.engine.Channels()))
			}
			return s.stop(true)
		case sig := <-signals:
			if sig != syscall.SIGHUP {
				cancel()
				err := <-drained // only that it was cut short
				s.log.Debug("drain ended", "err", err)
				return s.stop(false)
			}
		}
	}
}

func newLogger(cfg config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		level = slog.LevelInfo // Validate has checked the name
	}
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

func fprint(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, format, args...)
	return err
}
