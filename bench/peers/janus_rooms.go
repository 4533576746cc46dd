package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
)

// JanusRooms is Debian's Janus with browsers, in a room of its AudioBridge, or of its VideoRoom.
type JanusRooms struct{ Video bool }

// Name implements Hosting.
func (JanusRooms) Name() string { return "janus" }

// janusRoom is the room's number.
const janusRoom = 1000

// Open implements Hosting.
func (h JanusRooms) Open(ctx context.Context, at Place) (_ Meeting, err error) {
	address, err := outward()
	if err != nil {
		return nil, err
	}
	plugin, room := "audiobridge", map[string]any{
		"request": "create", "room": janusRoom, "sampling_rate": 48000, "audiolevel_ext": false, "permanent": false,
	}
	if h.Video {
		plugin, room = "videoroom", map[string]any{
			"request": "create", "room": janusRoom, "publishers": 100, "videocodec": "vp8", "notify_joining": false, "permanent": false,
		}
	}
	j, err := startJanus(ctx, at, plugin)
	if err != nil {
		return nil, err
	}
	m := &janusMeeting{janus: j, plugin: "janus.plugin." + plugin, address: address, video: h.Video}
	p, err := m.attach(ctx)
	if err == nil {
		_, err = j.message(ctx, p.url, room)
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return m, nil
}

// outward is an address of this machine besides loopback, which Janus has no candidates on.
func outward() (netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return netip.Addr{}, err
	}
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if ip := prefix.Addr(); err == nil && ip.Is4() && ip.IsGlobalUnicast() {
			return ip, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("janus: %w: this machine has no address besides loopback", ErrUnavailable)
}

type janusMeeting struct {
	*janus
	plugin  string
	address netip.Addr
	video   bool
	feeds   []uint64 // who sends video
}

// Address implements Meeting.
func (m *janusMeeting) Address() netip.Addr { return m.address }

// janusHandle is what a browser has: a session of its own, so that its events are.
type janusHandle struct {
	session, url string
	id           uint64
}

func (m *janusMeeting) attach(ctx context.Context) (h janusHandle, err error) {
	session, err := m.post(ctx, m.janus.url, map[string]any{"janus": "create"})
	if err != nil {
		return h, err
	}
	h.session = fmt.Sprintf("%s/%d", m.janus.url, session.Data.ID)
	handle, err := m.post(ctx, h.session, map[string]any{"janus": "attach", "plugin": m.plugin})
	if err != nil {
		return h, err
	}
	h.id = handle.Data.ID
	h.url = fmt.Sprintf("%s/%d", h.session, h.id)
	return h, nil
}

// Enter implements Meeting.
func (m *janusMeeting) Enter(ctx context.Context, c *webrtc.Client, watches int) error {
	h, err := m.attach(ctx)
	if err != nil {
		return err
	}
	switch {
	case !m.video:
		err = m.offer(ctx, h, c, map[string]any{"request": "join", "room": janusRoom, "codec": "opus", "quality": 5, "bitrate": 32000})
	case watches == 0:
		err = m.offer(ctx, h, c, map[string]any{"request": "joinandconfigure", "ptype": "publisher", "room": janusRoom})
	default:
		err = m.watch(ctx, h, c, watches)
	}
	if err != nil {
		return fmt.Errorf("janus: %w", err)
	}
	return c.Connected(ctx)
}

// offer joins with a client's offer.
func (m *janusMeeting) offer(ctx context.Context, h janusHandle, c *webrtc.Client, join map[string]any) error {
	a, err := m.says(ctx, h, join, &jsep{"offer", c.Offer()})
	if err != nil {
		return err
	}
	m.feeds = append(m.feeds, a.Plugin.Data.ID)
	return c.Accept(a.JSEP.SDP)
}

// watch has a client see all who send, on one transport, which is what costs Janus least.
func (m *janusMeeting) watch(ctx context.Context, h janusHandle, c *webrtc.Client, watches int) error {
	if len(m.feeds) != watches {
		return fmt.Errorf("%d send video, not %d", len(m.feeds), watches)
	}
	var streams []map[string]any
	for _, id := range m.feeds {
		streams = append(streams, map[string]any{"feed": id})
	}
	a, err := m.says(ctx, h, map[string]any{"request": "join", "ptype": "subscriber", "room": janusRoom, "streams": streams}, nil)
	if err != nil {
		return err
	}
	answer, err := c.Answer(a.JSEP.SDP)
	if err != nil {
		return err
	}
	_, err = m.post(ctx, h.url, map[string]any{"janus": "message", "body": map[string]any{"request": "start"}, "jsep": &jsep{"answer", answer}})
	return err
}

// says sends a message and waits for the event that has a description.
func (m *janusMeeting) says(ctx context.Context, h janusHandle, body map[string]any, description *jsep) (*answer, error) {
	message := map[string]any{"janus": "message", "body": body}
	if description != nil {
		message["jsep"] = description
	}
	if _, err := m.post(ctx, h.url, message); err != nil {
		return nil, err
	}
	joined := uint64(0)
	for {
		var a answer
		if err := m.get(ctx, h.session, &a); err != nil {
			return nil, err
		}
		switch d := &a.Plugin.Data; {
		case a.Sender != h.id:
		case d.Error != "":
			return nil, errors.New(d.Error)
		default:
			joined = max(joined, d.ID)
		}
		if a.JSEP != nil {
			a.Plugin.Data.ID = joined
			return &a, nil
		}
	}
}
