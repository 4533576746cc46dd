package sip

import "github.com/skygenesisenterprise/skybridge/sip/internal/settings"

// Config is what a Server is made from. Start from Default.
type Config = settings.Config

// External tells peers another address than the socket's, as behind a NAT.
type External = settings.External

// Default is a configuration without listeners, with the RFC's timers.
func Default() Config { return settings.Default() }
