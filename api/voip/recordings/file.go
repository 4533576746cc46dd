package recordings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const mediaType = "audio/wav"

// registerFile adds the ways to a recording's file.
func (r routes) registerFile(api huma.API, fail rest.Errors) {
	sound := map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	failed := api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(huma.NewError(0, "")).Elem(), true, "Error")
	for _, op := range []huma.Operation{
		rest.Operation(http.MethodGet, "/recordings/{id}/file", "get-recording-file", "Fetch a recording's file, or a range of its bytes", 0),
		rest.Operation(http.MethodHead, "/recordings/{id}/file", "head-recording-file", "Tell how large a recording's file is", 0),
	} {
		op.Responses = map[string]*huma.Response{
			"200":     {Description: "The file", Content: sound},
			"206":     {Description: "The range that was asked for (RFC 9110 §14)", Content: sound},
			"416":     {Description: "The file has no such range"},
			"default": {Description: "Error", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: failed}}},
		}
		rest.Handle(api, fail, op, r.file)
	}
}

type fileRequest struct {
	rest.PathID
	Range   string `header:"Range" doc:"bytes=0-999; more than one range gives the whole file"`
	IfRange string `header:"If-Range" doc:"The ETag of the file that the range is of"`
}

// file sends the file, read as it is sent.
func (r routes) file(_ context.Context, p auth.Principal, in *fileRequest) (*huma.StreamResponse, error) {
	e, err := r.find(p, in.ID)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(r.path(e))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, rest.InState(r.body(e).State, fault.New(fault.Conflict, "the file is not there (yet)"))
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	size := info.Size()
	tag := fmt.Sprintf(`"%s-%d"`, e.ID, size)
	first, n, status := 0, int(size), http.StatusOK
	if in.IfRange == "" || in.IfRange == tag {
		first, n, status = part(in.Range, int(size))
	}
	if _, err := f.Seek(int64(first), io.SeekStart); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Accept-Ranges", "bytes")
		ctx.SetHeader("ETag", tag)
		switch status {
		case http.StatusRequestedRangeNotSatisfiable: // a body of nothing
			ctx.SetHeader("Content-Range", fmt.Sprintf("bytes */%d", size))
		case http.StatusPartialContent:
			ctx.SetHeader("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, first+n-1, size))
		}
		ctx.SetHeader("Content-Type", mediaType)
		ctx.SetHeader("Content-Disposition", `attachment; filename="`+e.ID+`.wav"`)
		ctx.SetStatus(status)
		c := humafiber.Unwrap(ctx).Context()
		c.SetBodyStream(newPaced(f, n, c.Conn(), time.Now), n) // which closes it
	}}, nil
}

// part is which bytes of a file a Range header asks for (RFC 9110 §14.1.2): the first one, how many,
// and the status. One that is none, or of several ranges, is left aside.
func part(header string, size int) (first, n, status int) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	from, to, dash := strings.Cut(spec, "-")
	if !ok || !dash || from == "" && to == "" {
		return 0, size, http.StatusOK
	}
	last, err := number(to, size)
	if err != nil {
		return 0, size, http.StatusOK
	}
	if from == "" { // the last ones
		n = min(last, size)
		first = size - n
	} else {
		first, err = number(from, size)
		if err != nil || to != "" && last < first {
			return 0, size, http.StatusOK
		}
		if to == "" {
			last = size - 1
		}
		n = min(last, size-1) - first + 1
	}
	if n <= 0 {
		return 0, 0, http.StatusRequestedRangeNotSatisfiable
	}
	return first, n, http.StatusPartialContent
}

var errDigits = errors.New("not a number")

// number reads digits; one that is larger than any file is size.
func number(text string, size int) (int, error) {
	if strings.Trim(text, "0123456789") != "" || len(text) > 100 {
		return 0, errDigits
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) {
		return size, nil
	}
	return n, err
}

const (
	chunkTime = 15 * time.Second // to send what was read at one time
	leastRate = 8 << 10          // bytes a second, of a client that is waited for
)

// paced is a file that is sent: each time more of it is read, the client has taken what was read
// before, and has some time again. The server's own time for an answer would cut long ones.
type paced struct {
	file *os.File
	left int
	conn interface{ SetWriteDeadline(t time.Time) error }
	now  func() time.Time
	end  time.Time
}

func newPaced(f *os.File, n int, conn interface{ SetWriteDeadline(t time.Time) error }, now func() time.Time) *paced {
	return &paced{f, n, conn, now, now().Add(chunkTime + time.Duration(n/leastRate)*time.Second)}
}

// Read reads on.
func (p *paced) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	at := p.now().Add(chunkTime)
	if at.After(p.end) {
		at = p.end
	}
	if err := p.conn.SetWriteDeadline(at); err != nil {
		return 0, err
	}
	n, err := p.file.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

// Close closes the file.
func (p *paced) Close() error { return p.file.Close() }
