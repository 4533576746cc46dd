package transport

import (
	"io"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/logging"
	rtc "github.com/pion/webrtc/v4"
	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// What a packet costs on each of three paths, as docs/adr/0018 decides by:
//
//	taskset -c 1 go test -run '^$' -bench BenchmarkPath -benchtime 20000x -count 5 ./media/webrtc/transport
//
// cpu-ns/packet is the CPU time of this side alone, by getrusage: of the sending thread
// when it sends, of all but the sending thread when it receives.

const benchPeers = 50

func quiet() *logging.DefaultLoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

func cpu(b *testing.B, who int) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPathSend is one source to fifty receivers.
func BenchmarkPathSend(b *testing.B) {
	for _, size := range sizes {
		b.Run("PeerConnection/"+size.name, func(b *testing.B) {
			near := newTodays(b)
			track := newTrack(b, size.kind)
			for range benchPeers {
				_, far := newSocket(b)
				peerConnections(b, near, far, track, newTrack(b, size.kind), new(atomic.Uint64))
			}
			p := packetOf(size.bytes, size.pt)
			measureSend(b, func(n int) {
				step(p, n)
				if _, err := track.Write(p); err != nil {
					b.Fatal(err)
				}
			})
		})
		for _, way := range []string{"agent", "direct", "batch"} {
			b.Run(way+"/"+size.name, func(b *testing.B) {
				so, near := newSocket(b)
				var ends []*end
				for range benchPeers {
					_, far := newSocket(b)
					e, _ := agents(b, near, far)
					ends = append(ends, e)
				}
				p := packetOf(size.bytes, size.pt)
				d := rtp.NewDepartures(64, 1600)
				measureSend(b, func(n int) {
					step(p, n)
					for _, e := range ends {
						dst := e.scratch
						if way == "batch" {
							dst = d.Slot()
						}
						out, err := e.sender.Protect(dst[:0], p)
						switch {
						case err != nil:
						case way == "agent":
							_, err = e.conn.Write(out)
						case way == "direct":
							err = so.SendTo(out, e.at)
						default:
							d.Add(len(out), e.at)
						}
						if err != nil {
							b.Fatal(err)
						}
					}
					_ = so.SendAll(d)
				})
			})
		}
	}
}

func measureSend(b *testing.B, send func(n int)) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	runtime.GC()
	b.ResetTimer()
	used := cpu(b, unix.RUSAGE_THREAD)
	for n := range b.N {
		send(n)
	}
	used = cpu(b, unix.RUSAGE_THREAD) - used
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N*benchPeers), "cpu-ns/packet")
}

// BenchmarkPathReceive is fifty senders to one receiver, burst packets at a time.
func BenchmarkPathReceive(b *testing.B) {
	for _, size := range sizes {
		for _, burst := range []int{5, 25} {
			name := size.name + "/burst" + strconv.Itoa(burst)
			b.Run("PeerConnection/"+name, func(b *testing.B) {
				near := newTodays(b)
				var came atomic.Uint64
				var tracks []*rtc.TrackLocalStaticRTP
				for range benchPeers {
					_, far := newSocket(b)
					back := newTrack(b, size.kind)
					peerConnections(b, near, far, newTrack(b, size.kind), back, &came)
					tracks = append(tracks, back)
				}
				p := packetOf(size.bytes, size.pt)
				measureReceive(b, burst, &came, func(n, k int) {
					step(p, n)
					if _, err := tracks[k].Write(p); err != nil {
						b.Fatal(err)
					}
				})
			})
			for _, way := range []string{"agent", "direct"} {
				b.Run(way+"/"+name, func(b *testing.B) {
					so, near := newSocket(b)
					var came atomic.Uint64
					var clients []*end
					for range benchPeers {
						_, far := newSocket(b)
						e, client := agents(b, near, far)
						clients = append(clients, client)
						switch way {
						case "direct":
							so.mu.Lock()
							so.to[e.at] = func(p []byte) {
								if _, err := e.opener.Unprotect(p); err == nil {
									came.Add(1)
								}
							}
							so.mu.Unlock()
						case "agent":
							go func() { // owned by the benchmark; ended by the agent's Close
								buf := make([]byte, 1600)
								for {
									n, err := e.conn.Read(buf)
									if err != nil {
										return
									}
									if _, err := e.opener.Unprotect(buf[:n]); err == nil {
										came.Add(1)
									}
								}
							}()
						}
					}
					p := packetOf(size.bytes, size.pt)
					measureReceive(b, burst, &came, func(n, k int) {
						step(p, n)
						e := clients[k]
						out, err := e.sender.Protect(e.scratch[:0], p)
						if err == nil {
							_, err = e.conn.Write(out)
						}
						if err != nil {
							b.Fatal(err)
						}
					})
				})
			}
		}
	}
}

func measureReceive(b *testing.B, burst int, came *atomic.Uint64, send func(n, k int)) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	runtime.GC()
	b.ResetTimer()
	used := cpu(b, unix.RUSAGE_SELF) - cpu(b, unix.RUSAGE_THREAD)
	start := came.Load()
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for n := range b.N {
		for k := 0; k < benchPeers; k += burst {
			for i := range burst {
				send(n, k+i)
			}
			<-pace.C
		}
	}
	<-pace.C
	used = cpu(b, unix.RUSAGE_SELF) - cpu(b, unix.RUSAGE_THREAD) - used
	got := came.Load() - start
	b.ReportMetric(100*float64(got)/float64(b.N*benchPeers), "%came")
	b.ReportMetric(float64(used.Nanoseconds())/float64(max(got, 1)), "cpu-ns/packet")
}
