// Package settings reads the configuration files that are about the server and its
// features rather than its endpoints: rtp.conf, http.conf, ari.conf, confbridge.conf,
// musiconhold.conf, manager.conf and asterisk.conf.
//
// It starts no goroutine and opens no file but the configuration.
package settings
