// Package asterisk is what the REST API says in the words of Asterisk's own interface (ARI): the
// server's information and its channels, in the shapes of GET /ari/asterisk/info and
// GET /ari/channels.
//
// It starts no goroutine.
package asterisk

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// The paths, below rest.Base.
const (
	InfoPath     = "/asterisk/info"
	ChannelsPath = "/asterisk/channels"
)

// Source has the channels; *signaling.Engine is one.
type Source interface {
	Channels() []signaling.ChannelSnapshot
	Started() time.Time
}

// Installation is what is known of the server besides.
type Installation struct {
	Version     string
	Name        string // systemname of asterisk.conf
	EntityID    string // entityid of asterisk.conf, or the machine's own
	Language    string // of what is played, where nothing else is said
	MaxChannels int
	Reloaded    time.Time
}

// Config is what the operations are made of.
type Config struct {
	Source       Source
	Installation func() Installation
}

// Server tells what there is of it in ARI's words. It is safe for concurrent use.
type Server struct {
	Config
	machine machine
}

// NewServer makes one.
func NewServer(source Source, installation func() Installation) *Server {
	return &Server{Config{source, installation}, readMachine()}
}

// Register adds the operations.
func Register(api huma.API, c Config, fail rest.Errors) {
	s := NewServer(c.Source, c.Installation)
	rest.Handle(api, fail, rest.Operation(http.MethodGet, InfoPath, "get-asterisk-info", "Show the server as ARI's /asterisk/info does", 0), s.info)
	rest.Handle(api, fail, rest.Operation(http.MethodGet, ChannelsPath, "list-asterisk-channels", "List the channels as ARI's /channels does", 0), s.channels)
}

// mayLook refuses those who do not look after the server: channels are everybody's.
func mayLook(p auth.Principal) error {
	if p.Has(auth.RoleAdmin) || p.Has(auth.RoleAuditor) || p.Has(auth.RoleService) {
		return nil
	}
	return fault.New(fault.Forbidden, "this is shown to administrators, auditors and services")
}

// Info is ARI's AsteriskInfo.
type Info struct {
	Build  *Build  `json:"build,omitempty" doc:"How the server was built"`
	System *System `json:"system,omitempty"`
	Config *Setup  `json:"config,omitempty"`
	Status *Status `json:"status,omitempty"`
}

// Build is ARI's BuildInfo.
type Build struct {
	OS      string `json:"os"`
	Kernel  string `json:"kernel" doc:"Of the machine that it runs on"`
	Options string `json:"options" doc:"What is said by Asterisk alone"`
	Machine string `json:"machine"`
	Date    string `json:"date" doc:"Of the source, UTC"`
	User    string `json:"user" doc:"What is said by Asterisk alone"`
}

// System is ARI's SystemInfo.
type System struct {
	Version  string `json:"version" doc:"Of Skybridge"`
	EntityID string `json:"entity_id"`
}

// Setup is ARI's ConfigInfo.
type Setup struct {
	Name         string `json:"name"`
	Language     string `json:"default_language"`
	MaxChannels  int    `json:"max_channels,omitempty"`
	MaxOpenFiles uint64 `json:"max_open_files,omitempty"`
	SetID        SetID  `json:"setid"`
}

// SetID is whom the server runs as.
type SetID struct {
	User  string `json:"user"`
	Group string `json:"group"`
}

// Status is ARI's StatusInfo.
type Status struct {
	Started  string `json:"startup_time" doc:"As ARI writes times: 2026-11-22T10:00:00.000+0000"`
	Reloaded string `json:"last_reload_time"`
}

type infoQuery struct {
	Only []string `query:"only" maxItems:"8" enum:"build,system,config,status" doc:"These parts alone"`
}

func (s *Server) info(_ context.Context, p auth.Principal, in *infoQuery) (*rest.Answer[Info], error) {
	if err := mayLook(p); err != nil {
		return nil, err
	}
	return &rest.Answer[Info]{Body: s.Info(in.Only)}, nil
}

// Info is the server as /asterisk/info shows it: these parts alone, all without any.
func (s *Server) Info(only []string) Info {
	is := s.Installation()
	all := Info{
		Build:  &Build{OS: s.machine.os, Kernel: s.machine.kernel, Machine: s.machine.hardware, Date: s.machine.built},
		System: &System{Version: is.Version, EntityID: is.EntityID},
		Config: &Setup{Name: is.Name, Language: is.Language, MaxChannels: is.MaxChannels, MaxOpenFiles: openFiles(), SetID: s.machine.runs},
		Status: &Status{Started: Time(s.Source.Started()), Reloaded: Time(is.Reloaded)},
	}
	if len(only) == 0 {
		return all
	}
	var some Info
	if slices.Contains(only, "build") {
		some.Build = all.Build
	}
	if slices.Contains(only, "system") {
		some.System = all.System
	}
	if slices.Contains(only, "config") {
		some.Config = all.Config
	}
	if slices.Contains(only, "status") {
		some.Status = all.Status
	}
	return some
}

func (s *Server) channels(_ context.Context, p auth.Principal, _ *struct{}) (*rest.Answer[[]Channel], error) {
	if err := mayLook(p); err != nil {
		return nil, err
	}
	return &rest.Answer[[]Channel]{Body: s.Channels()}, nil
}

// Channels are all channels, oldest first.
func (s *Server) Channels() []Channel {
	list := s.Source.Channels()
	out := make([]Channel, len(list))
	for i := range list {
		out[i] = ChannelOf(&list[i])
	}
	return out
}

// Time is a time as ARI writes it.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }
