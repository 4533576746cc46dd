package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/cli"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	asteriskconf "github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

func (s *server) startConsole(context.Context) error {
	c := &cli.Console{
		Engine: s.engine, Plan: s.plan.Load, Apps: s.apps, Version: version, Now: time.Now,
		Reload:        func() error { return s.reload(context.Background()) },
		LastReload:    func() time.Time { return *s.lastReload.Load() },
		Config:        func() *endpoint.Set { return s.loaded.Load().endpoints },
		Registrations: s.trunks.State, Register: s.trunks.Retry, Rooms: s.rooms, Music: s.music, Globals: s.globals, Listeners: s.stasis.Apps, Log: s.log,
		Resources: s.resources, Codecs: s.codecs, Bans: s.screen, Overload: s.overload, Groups: &s.groups, Services: s.services,
		Metrics: s.figures.Write,
		Workers: func() []mixer.WorkerStats { return s.mixer.Stats().Workers },
		Stop: func(gracefully bool) {
			select {
			case s.stopAsked <- gracefully:
			default: // it was asked before
			}
		},
	}
	s.defers(func() error { c.Close(); return nil })
	var err error
	if s.console, err = cli.Listen(filepath.Join(s.cfg.DataDir, socketName), c, s.log); err != nil {
		return err
	}
	s.defers(s.console.Close)
	s.linkConsole()
	return nil
}

// linkConsole makes the console's socket known where a remote Asterisk console looks
// for it. Where that cannot be, it says so: the data folder has the socket all the same.
func (s *server) linkConsole() {
	dir := runDir(s.loaded.Load().settings.Main, s.how.runDir)
	if s.cfg.AsteriskDir == "" || dir == "" {
		return
	}
	socket, link := filepath.Join(s.cfg.DataDir, socketName), filepath.Join(dir, socketName)
	if link == socket {
		return
	}
	if err := symlink(socket, link); err != nil {
		s.log.Warn("the console can be reached in data_dir alone", "socket", socket, "err", err)
		return
	}
	s.defers(func() error {
		if to, err := os.Readlink(link); err == nil && to == socket {
			return os.Remove(link)
		}
		return nil // it is another server's by now, or gone
	})
}

// runDir is astrundir of asterisk.conf, or fallback.
func runDir(main asteriskconf.Main, fallback string) string { return cmp.Or(main.Run, fallback) }

// symlink makes a link, in the place of one that is there.
func symlink(to, link string) error {
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil { //nolint:gosec // as Asterisk has it; the socket itself is private
		return err
	}
	if err := os.Remove(link + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(to, link+".new"); err != nil {
		return err
	}
	return os.Rename(link+".new", link)
}

// resources counts what calls hold.
func (s *server) resources() []cli.Resource {
	stack, mix := s.sip.Stats(), s.mixer.Stats()
	playing := s.music.Playing() // one room and one goroutine each, which stay
	return []cli.Resource{
		{Name: "channels", Count: len(s.engine.Channels())},
		{Name: "bridges", Count: len(s.engine.Bridges())},
		{Name: "sip dialogs", Count: stack.Dialogs},
		{Name: "mixer ports", Count: mix.Ports},
		{Name: "mixer rooms", Count: mix.Rooms - playing},
		{Name: "mixer pairs", Count: mix.Pairs},
		{Name: "rtp ports", Count: s.ports.InUse()},
		{Name: "webrtc peers", Count: s.webrtc.Peers()},
		{Name: "turn allocations", Count: s.relaying()},
		{Name: "goroutines", Count: runtime.NumGoroutine() - playing},
	}
}
