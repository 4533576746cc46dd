package dialplan

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// verbose is Verbose([level,]message).
func verbose(ctx context.Context, c *Call, args string) error {
	parts := argument.Split(args, 2)
	message := args
	level := 0
	if len(parts) == 2 {
		if n, err := strconv.Atoi(parts[0]); err == nil {
			level, message = n, parts[1]
		}
	}
	c.log.Log(ctx, slog.LevelInfo, message, "at", c.where(), "verbose", level)
	return nil
}

// logApp is Log(level,message).
func logApp(ctx context.Context, c *Call, args string) error {
	parts := argument.Split(args, 2)
	level := slog.LevelInfo
	switch strings.ToUpper(argument.At(parts, 0)) {
	case "ERROR":
		level = slog.LevelError
	case "WARNING":
		level = slog.LevelWarn
	case "NOTICE", "VERBOSE", "DTMF":
	case "DEBUG":
		level = slog.LevelDebug
	default:
		c.warn("Log with an unknown level", "args", args)
	}
	c.log.Log(ctx, level, argument.At(parts, 1), "at", c.where())
	return nil
}
