package ari

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// operation answers a GET; name is what stands for {} in its path.
type operation func(h *handler, r *http.Request, name string) (any, *failure)

// operations are what can be read, by path.
var operations = map[string]operation{
	"asterisk/info": (*handler).info,
	"asterisk/ping": (*handler).ping,
	"channels":      (*handler).channels,
	"channels/{}":   (*handler).channel,
	"bridges":       (*handler).bridges,
	"bridges/{}":    (*handler).bridge,
}

// find finds an operation by what is asked for below /ari; nil for none.
func find(path string) (operation, string) {
	if op := operations[path]; op != nil {
		return op, ""
	}
	kind, name, _ := strings.Cut(path, "/")
	name, err := url.PathUnescape(name)
	if err != nil || name == "" || strings.Contains(path[len(kind)+1:], "/") {
		return nil, ""
	}
	return operations[kind+"/{}"], name
}

// info takes only as a list with commas, several times, or both.
func (h *handler) info(r *http.Request, _ string) (any, *failure) {
	var only []string
	for _, list := range r.URL.Query()["only"] {
		only = append(only, strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })...)
	}
	return h.server.Info(only), nil
}

// pong is ARI's AsteriskPing.
type pong struct {
	ID   string `json:"asterisk_id"`
	Ping string `json:"ping"`
	Time string `json:"timestamp"`
}

func (h *handler) ping(*http.Request, string) (any, *failure) {
	return pong{h.Installation().EntityID, "pong", asterisk.Time(time.Now())}, nil
}

func (h *handler) channels(*http.Request, string) (any, *failure) { return h.server.Channels(), nil }

func (h *handler) channel(_ *http.Request, name string) (any, *failure) {
	ch, err := h.Source.Channel(name)
	if err != nil {
		return nil, &failure{http.StatusNotFound, "Channel not found"}
	}
	s := ch.Snapshot()
	return asterisk.ChannelOf(&s), nil
}

// bridge is ARI's Bridge.
type bridge struct {
	ID         string                `json:"id"`
	Technology string                `json:"technology"`
	Type       string                `json:"bridge_type"`
	Class      string                `json:"bridge_class"`
	Creator    string                `json:"creator"`
	Name       string                `json:"name"`
	Channels   []signaling.ChannelID `json:"channels"`
	Created    string                `json:"creationtime"`
	VideoMode  string                `json:"video_mode"`
}

// bridgeOf is a bridge as ARI shows it. Whatever video there is goes to all others.
func bridgeOf(s *signaling.BridgeSnapshot) bridge {
	b := bridge{
		ID: string(s.ID), Technology: s.Technology, Type: s.Type, Class: s.Class, Creator: s.Creator, Name: s.Name,
		Channels: s.Channels, Created: asterisk.Time(s.Created), VideoMode: "none",
	}
	if b.Class == "" {
		b.Class = "base" // as Asterisk's own are that are neither of two channels nor of an application
	}
	if b.Channels == nil {
		b.Channels = []signaling.ChannelID{}
	}
	return b
}

func (h *handler) bridges(*http.Request, string) (any, *failure) {
	list := h.Source.Bridges()
	out := make([]bridge, len(list))
	for i := range list {
		out[i] = bridgeOf(&list[i])
	}
	return out, nil
}

func (h *handler) bridge(_ *http.Request, name string) (any, *failure) {
	b, err := h.Source.Bridge(signaling.BridgeID(name))
	if err != nil {
		return nil, &failure{http.StatusNotFound, "Bridge not found"}
	}
	s := b.Snapshot()
	return bridgeOf(&s), nil
}
