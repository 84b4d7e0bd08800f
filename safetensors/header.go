package safetensors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	lengthSize = 8
	// maxHeader is the reference implementation's limit.
	maxHeader   = 100_000_000
	metadataKey = "__metadata__"
	// maxRank is more than any library's tensors have; it bounds what a shape
	// can allocate.
	maxRank = 64
)

// Error says what is wrong with a file.
type Error struct {
	// File is the path or the name that the caller gave.
	File string
	// Tensor is the tensor concerned, empty if the file as a whole is.
	Tensor string
	Msg    string
}

func (e *Error) Error() string {
	if e.Tensor == "" {
		return e.File + ": " + clip(e.Msg)
	}
	return fmt.Sprintf("%s: tensor %q: %s", e.File, clip(e.Tensor), clip(e.Msg))
}

// clip keeps what a damaged file put into a message from filling the screen.
func clip(s string) string {
	const most = 400
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func failf(format string, args ...any) *Error { return &Error{Msg: fmt.Sprintf(format, args...)} }

// headerLength checks the first bytes of a file of the given size.
func headerLength(prefix []byte, size int64) (int64, error) {
	if len(prefix) < lengthSize {
		return 0, failf("%d bytes are too few for a safetensors file, which starts with the 8-byte length of its header: the file is cut short or of another kind", len(prefix))
	}
	n := binary.LittleEndian.Uint64(prefix)
	switch {
	case n > maxHeader:
		return 0, failf("the header's length is given as %d bytes, above the limit of %d: this is probably no safetensors file", n, maxHeader)
	case int64(n) > size-lengthSize:
		return 0, failf("the header's length is given as %d bytes, but only %d follow: the file is cut short or of another kind", n, size-lengthSize)
	}
	return int64(n), nil
}

// header is a parsed and checked header; offsets are relative to the data.
type header struct {
	metadata map[string]string
	tensors  []Tensor
}

// parseHeader parses raw and checks that its tensors tile dataSize bytes.
func parseHeader(raw []byte, dataSize int64) (*header, error) {
	if !utf8.Valid(raw) {
		return nil, failf("the header is not valid UTF-8")
	}
	if len(raw) == 0 || raw[0] != '{' {
		return nil, failf("the header does not start with '{': this is probably no safetensors file")
	}
	p := newParser(raw)
	p.base = lengthSize
	h := &header{}
	err := p.object("the header", func(key string) error {
		if key == metadataKey {
			h.metadata = map[string]string{}
			return p.strings(key, h.metadata)
		}
		t, err := p.tensor(key)
		if err != nil {
			return inTensor(key, err)
		}
		h.tensors = append(h.tensors, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rest := strings.TrimLeft(string(raw[p.dec.InputOffset():]), " \t\r\n"); rest != "" {
		return nil, failf("the header goes on after its JSON ended, at byte %d", lengthSize+len(raw)-len(rest))
	}
	slices.SortStableFunc(h.tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	return h, tile(h.tensors, dataSize)
}

func inTensor(name string, err error) error {
	if e, ok := err.(*Error); ok && e.Tensor == "" {
		e.Tensor = name
	}
	return err
}

// tile checks sorted tensors: sizes as their shapes say, no hole, no overlap,
// nothing left over.
func tile(tensors []Tensor, dataSize int64) error {
	at, before := int64(0), ""
	for _, t := range tensors {
		var err *Error
		want, ok := t.DType.bytes(int64(t.elements))
		switch {
		case t.end < t.begin:
			err = failf("data_offsets [%d, %d] run backwards", t.begin, t.end)
		case t.end > dataSize:
			err = failf("data_offsets [%d, %d] lie outside the data, which have %d bytes: the file is cut short or damaged", t.begin, t.end, dataSize)
		case !ok:
			err = failf("%d elements of %s are no whole number of bytes that a file can hold", t.elements, t.DType)
		case t.end-t.begin != want:
			err = failf("data_offsets [%d, %d] span %d bytes, but shape %v of %s needs %d", t.begin, t.end, t.end-t.begin, t.Shape, t.DType, want)
		case t.begin < at:
			err = failf("data_offsets [%d, %d] overlap those of tensor %q, which end at %d", t.begin, t.end, before, at)
		case t.begin > at:
			err = failf("data_offsets [%d, %d] leave a hole: the data before end at %d", t.begin, t.end, at)
		}
		if err != nil {
			return inTensor(t.Name, err)
		}
		at, before = t.end, t.Name
	}
	if at != dataSize {
		return failf("the tensors end at byte %d of the data, which have %d: no tensor accounts for the rest", at, dataSize)
	}
	return nil
}
