package resolver

import (
	"bufio"
	"io"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// lookEvery is how often the system's files are looked at for a change.
const lookEvery = 5 * time.Second

// maxFileBytes bounds what is read of them.
const maxFileBytes = 4 << 20

// system is what the machine's files say: its name servers, and its hosts.
type system struct {
	resolvConf, hostsFile string

	mu          sync.Mutex
	looked      time.Time
	resolvStamp stamp
	hostsStamp  stamp
	conf        dns.ClientConfig
	asked       []netip.AddrPort
	hosts       map[string][]netip.Addr
}

// stamp tells one version of a file from another.
type stamp struct {
	size int64
	at   time.Time
}

// loopbackServers are asked where no file names any, as the C library does.
var loopbackServers = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53"), netip.MustParseAddrPort("[::1]:53")}

// servers are the system's name servers.
func (s *system) servers(now time.Time) []netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look(now)
	return s.asked
}

// names are the full names that one of the system's search list may mean, in order.
func (s *system) names(now time.Time, host string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look(now)
	return s.conf.NameList(strings.ToLower(host))
}

// lookup is what the hosts file says of a name, and what every system knows (RFC 6761
// §6.3).
func (s *system) lookup(now time.Time, host string) []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look(now)
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if as := s.hosts[host]; len(as) > 0 {
		return as
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return nil
}

// look reads the files again that have changed; s.mu is held. One that cannot be
// read says nothing, as for the C library.
func (s *system) look(now time.Time) {
	if since := now.Sub(s.looked); !s.looked.IsZero() && since >= 0 && since < lookEvery {
		return
	}
	s.looked = now
	if at := stampOf(s.resolvConf); at != s.resolvStamp || s.asked == nil {
		s.resolvStamp = at
		s.readResolvConf()
	}
	if at := stampOf(s.hostsFile); at != s.hostsStamp || s.hosts == nil {
		s.hostsStamp = at
		s.hosts = make(map[string][]netip.Addr)
		if f, err := os.Open(s.hostsFile); err == nil {
			s.hosts = readHosts(f)
			_ = f.Close() // it was only read
		}
	}
}

func stampOf(file string) stamp {
	st, err := os.Stat(file)
	if err != nil {
		return stamp{}
	}
	return stamp{st.Size(), st.ModTime()}
}

func (s *system) readResolvConf() {
	s.conf, s.asked = dns.ClientConfig{Ndots: 1}, loopbackServers
	f, err := os.Open(s.resolvConf)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	conf, err := dns.ClientConfigFromReader(io.LimitReader(f, maxFileBytes))
	if err != nil {
		return
	}
	s.conf = *conf
	s.conf.Search = conf.Search[:min(len(conf.Search), 6)]
	var list []netip.AddrPort
	for _, text := range conf.Servers {
		if a, err := netip.ParseAddr(text); err == nil && len(list) < 3 {
			list = append(list, netip.AddrPortFrom(a, 53))
		}
	}
	if len(list) > 0 {
		s.asked = list
	}
}

// readHosts reads hosts(5): an address and its names on each line.
func readHosts(r io.Reader) map[string][]netip.Addr {
	out := make(map[string][]netip.Addr)
	for lines := bufio.NewScanner(io.LimitReader(r, maxFileBytes)); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		a, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		for _, name := range fields[1:] {
			name = strings.TrimSuffix(strings.ToLower(name), ".")
			out[name] = append(out[name], a.Unmap())
		}
	}
	return out
}
