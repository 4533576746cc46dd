package ws

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling/presence"
)

// BenchmarkFanOut publishes one frame at a time to a thousand subscribers over as many sockets: an
// operation lasts until the last one has it, p50 and p99 are of the delays of all of them.
func BenchmarkFanOut(b *testing.B) {
	const subscribers = 1000
	cfg := Default()
	cfg.Hub, cfg.Calls, cfg.Log, cfg.Presence = fanout.NewHub(), oneCall{}, slog.New(slog.DiscardHandler), presence.New(presence.Default())
	sc := store.Default()
	sc.Path = store.Memory
	db, err := store.Open(b.Context(), sc, cfg.Log)
	must(b, err)
	defer func() { must(b, db.Close()) }()
	cfg.Chat = chat.New(chat.Config{Store: db.Messages, Hub: cfg.Hub, Now: time.Now, Log: cfg.Log})
	defer cfg.Chat.Close()
	s := New(cfg)
	app := fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true})
	app.Get(Path, func(c *fiber.Ctx) error {
		user := c.Query("user")
		return s.Upgrade(c, func(context.Context) (auth.Principal, error) { return auth.Principal{User: user}, nil }, netip.Addr{})
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	served := make(chan error, 1)
	go func() { served <- app.Listener(ln) }() // ended by Shutdown below
	defer func() {
		s.Close()
		must(b, app.Shutdown())
		must(b, <-served)
	}()

	var reading, ready, round sync.WaitGroup
	delays := make([][]time.Duration, subscribers)
	ready.Add(subscribers)
	for i := range subscribers {
		conn, resp, err := websocket.DefaultDialer.Dial(fmt.Sprintf("ws://%s%s?user=u%d", ln.Addr(), Path, i), nil)
		must(b, err)
		must(b, resp.Body.Close())
		must(b, conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"Subscribe","channel":"presence:somebody"}`)))
		reading.Go(func() { // ends with the server
			defer func() { must(b, conn.Close()) }()
			for {
				_, text, err := conn.ReadMessage()
				if err != nil {
					return
				}
				now := time.Now()
				if bytes.Contains(text, []byte(`"type":"Subscribed"`)) {
					ready.Done()
					continue
				}
				_, at, told := bytes.Cut(text, []byte(`"at":`))
				if !told {
					continue
				}
				ns, err := strconv.ParseInt(string(bytes.TrimSuffix(at, []byte("}"))), 10, 64)
				if err != nil {
					b.Error(err)
					return
				}
				delays[i] = append(delays[i], now.Sub(time.Unix(0, ns)))
				round.Done()
			}
		})
	}
	defer reading.Wait()
	defer s.Close()
	ready.Wait()
	b.ReportAllocs()
	for b.Loop() {
		round.Add(subscribers)
		f, err := fanout.NewFrame("Benchmark", map[string]int64{"at": time.Now().UnixNano()})
		must(b, err)
		cfg.Hub.Publish(fanout.PresenceOf("somebody"), f)
		round.Wait()
	}
	var all []time.Duration
	for _, d := range delays {
		all = append(all, d...)
	}
	slices.Sort(all)
	at := func(part float64) float64 { return float64(all[int(part*float64(len(all)-1))].Microseconds()) / 1000 }
	b.ReportMetric(at(0.50), "ms-p50")
	b.ReportMetric(at(0.99), "ms-p99")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
