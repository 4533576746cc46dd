package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/bench/client"
)

// Janus is Debian's Janus with its AudioBridge, whose participants are plain RTP. It knows
// of rooms only.
type Janus struct{}

// Name implements Contender.
func (Janus) Name() string { return "janus" }

// janusFiles are Janus's settings; @NAME@ stands for what a run chooses. One event loop for all
// browsers, as it has one core, costs it a fifth less than a thread for each.
var janusFiles = map[string]string{
	"janus.jcfg": `general: {
	configs_folder = "@DIR@"
	plugins_folder = "@DIR@/plugins"
	transports_folder = "@DIR@/transports"
	events_folder = "@DIR@/events"
	loggers_folder = "@DIR@/loggers"
	debug_level = 2
	session_timeout = 0
	event_loops = 1
}
media: {
	rtp_port_range = "@FIRST@-@LAST@"
	ipv6 = false
}
`,
	"janus.transport.http.jcfg": `general: {
	json = "compact"
	http = true
	port = @PORT@
	ip = "127.0.0.1"
	https = false
}
`,
	"janus.plugin.audiobridge.jcfg": `general: {
	local_ip = "127.0.0.1"
	rtp_port_range = "@FIRST@-@LAST@"
}
`,
}

// Start implements Contender.
func (Janus) Start(ctx context.Context, at Place) (Instance, error) {
	return startJanus(ctx, at, "audiobridge")
}

// startJanus starts it with one plugin: only what is measured is loaded.
func startJanus(ctx context.Context, at Place, plugin string) (*janus, error) {
	program, err := exec.LookPath("janus")
	if err != nil {
		return nil, fmt.Errorf("janus: %w: %w", ErrUnavailable, err)
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	values := strings.NewReplacer("@DIR@", at.Dir, "@PORT@", strconv.Itoa(port),
		"@FIRST@", strconv.Itoa(firstRTP), "@LAST@", strconv.Itoa(lastRTP))
	for name, text := range janusFiles {
		if err := os.WriteFile(filepath.Join(at.Dir, name), []byte(values.Replace(text)), 0o600); err != nil {
			return nil, err
		}
	}
	for _, library := range []string{"plugins/libjanus_" + plugin + ".so", "transports/libjanus_http.so"} {
		found, err := filepath.Glob("/usr/lib/*/janus/" + library)
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("janus: %w: no %s", ErrUnavailable, library)
		}
		link := filepath.Join(at.Dir, library)
		if err := errors.Join(os.Mkdir(filepath.Dir(link), 0o700), os.Symlink(found[0], link)); err != nil {
			return nil, err
		}
	}
	for _, empty := range []string{"events", "loggers"} {
		if err := os.Mkdir(filepath.Join(at.Dir, empty), 0o700); err != nil {
			return nil, err
		}
	}
	p, err := Launch("janus", at.Core, urgent(exec.Command(program, "-F", at.Dir))) //nolint:noctx // Close ends it
	if err != nil {
		return nil, err
	}
	j := &janus{Process: p, url: fmt.Sprintf("http://%v:%d/janus", Host, port)}
	if err := p.until(ctx, func(ctx context.Context) error {
		return j.get(ctx, j.url+"/info", nil)
	}); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return j, nil
}

type janus struct {
	*Process
	url string
}

// answer is what Janus says, as far as it matters.
type answer struct {
	Janus  string `json:"janus"`
	Sender uint64 `json:"sender"`
	Data   struct {
		ID uint64 `json:"id"`
	} `json:"data"`
	JSEP   *jsep `json:"jsep"`
	Error  *struct{ Reason string }
	Plugin struct {
		Data struct {
			Kind  string `json:"audiobridge"`
			ID    uint64 `json:"id"`
			Error string `json:"error"`
			RTP   struct {
				IP          string `json:"ip"`
				Port        uint16 `json:"port"`
				PayloadType uint8  `json:"payload_type"`
			} `json:"rtp"`
		} `json:"data"`
	} `json:"plugindata"`
}

// jsep is a description of a session.
type jsep struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// Connect implements Instance: a handle for each leg, one after the other, as what comes
// of a join is told to the session.
func (j *janus) Connect(ctx context.Context, l Layout) ([]client.Media, error) {
	if l.Room == 0 {
		return nil, fmt.Errorf("janus: %w: it has rooms only", ErrUnavailable)
	}
	session, err := j.post(ctx, j.url, map[string]any{"janus": "create"})
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("%s/%d", j.url, session.Data.ID)
	ends := make([]client.Media, l.Legs)
	for leg := range ends {
		if ends[leg], err = j.join(ctx, url, &l, leg); err != nil {
			return nil, fmt.Errorf("janus: leg %d: %w", leg, err)
		}
	}
	return ends, nil
}

func (j *janus) join(ctx context.Context, session string, l *Layout, leg int) (client.Media, error) {
	handle, err := j.post(ctx, session, map[string]any{"janus": "attach", "plugin": "janus.plugin.audiobridge"})
	if err != nil {
		return client.Media{}, err
	}
	url, room := fmt.Sprintf("%s/%d", session, handle.Data.ID), 1000+leg/l.Room
	codec := l.Codec(leg)
	rate := 8000
	if codec.Name == client.Opus.Name {
		rate = 48000
	}
	if leg%l.Room == 0 {
		if _, err := j.message(ctx, url, map[string]any{
			"request": "create", "room": room, "sampling_rate": rate, "audiolevel_ext": false, "allow_rtp_participants": true, "permanent": false,
		}); err != nil {
			return client.Media{}, err
		}
	}
	end := l.end(leg)
	if _, err := j.message(ctx, url, map[string]any{
		"request": "join", "room": room, "codec": strings.ToLower(codec.Name), "quality": 5, "bitrate": 32000,
		"rtp": map[string]any{"ip": end.Address.Addr().String(), "port": end.Address.Port(), "payload_type": end.PayloadType},
	}); err != nil {
		return client.Media{}, err
	}
	for {
		var a answer
		if err := j.get(ctx, session, &a); err != nil {
			return client.Media{}, err
		}
		d := &a.Plugin.Data
		switch {
		case a.Sender != handle.Data.ID: // somebody hears of it
		case d.Error != "":
			return client.Media{}, errors.New(d.Error)
		case d.Kind == "joined" && d.RTP.Port != 0:
			return client.Media{Address: netip.AddrPortFrom(Host, d.RTP.Port), PayloadType: end.PayloadType}, nil
		}
	}
}

func (j *janus) message(ctx context.Context, url string, body map[string]any) (*answer, error) {
	return j.post(ctx, url, map[string]any{"janus": "message", "body": body})
}

func (j *janus) post(ctx context.Context, url string, what map[string]any) (*answer, error) {
	what["transaction"] = "t"
	body, err := json.Marshal(what)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	var a answer
	if err := j.do(request, &a); err != nil {
		return nil, err
	}
	switch {
	case a.Error != nil:
		return nil, fmt.Errorf("%v: %s", what["janus"], a.Error.Reason)
	case a.Plugin.Data.Error != "":
		return nil, fmt.Errorf("%v: %s", what["janus"], a.Plugin.Data.Error)
	}
	return &a, nil
}

func (j *janus) get(ctx context.Context, url string, a *answer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	return j.do(request, a)
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 22

func (j *janus) do(request *http.Request, a *answer) error {
	request.Close = true                            // no connection stays behind
	response, err := http.DefaultClient.Do(request) //nolint:gosec // a server that was started here
	if err != nil {
		return errors.Join(err, j.Ended())
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil || a == nil {
		return err
	}
	return json.Unmarshal(body, a)
}
