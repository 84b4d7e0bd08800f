package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Entry is a tensor to be written. Data is called once, when the tensor's turn
// has come, and writes its bytes, little-endian; so weights need not be in
// memory all at once.
type Entry struct {
	Name  string
	DType DType
	Shape []int
	Data  func(w io.Writer) error
}

// Raw is an entry of bytes as stored.
func Raw(name string, d DType, shape []int, data []byte) Entry {
	return Entry{name, d, shape, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}}
}

// Floats is an entry of F16, BF16, F32 or F64 elements, rounded to nearest.
func Floats[T float32 | float64](name string, d DType, shape []int, data []T) Entry {
	var put func(b []byte, v T) []byte
	le := binary.LittleEndian
	switch d {
	case F16:
		put = func(b []byte, v T) []byte { return le.AppendUint16(b, toF16(narrow(v))) }
	case BF16:
		put = func(b []byte, v T) []byte { return le.AppendUint16(b, toBF16(narrow(v))) }
	case F32:
		put = func(b []byte, v T) []byte { return le.AppendUint32(b, math.Float32bits(float32(v))) }
	case F64:
		put = func(b []byte, v T) []byte { return le.AppendUint64(b, math.Float64bits(float64(v))) }
	default:
		panic(fmt.Sprintf("safetensors: floats cannot be written as %s", d))
	}
	return Entry{name, d, shape, stream(data, put)}
}

// narrow rounds to float32 such that rounding the result again, to 16 bits,
// gives what rounding v at once would: an inexact result is made odd.
func narrow[T float32 | float64](v T) float32 {
	f := float32(v)
	if float64(f) == float64(v) || v != v || math.IsInf(float64(f), 0) {
		return f
	}
	if b := math.Float32bits(f); b&1 == 0 {
		towards := float32(math.Inf(1))
		if float64(v) < float64(f) {
			towards = -towards
		}
		return math.Nextafter32(f, towards)
	}
	return f
}

// Ints is an entry of I64 elements.
func Ints(name string, shape []int, data []int64) Entry {
	return Entry{name, I64, shape, stream(data, func(b []byte, v int64) []byte {
		return binary.LittleEndian.AppendUint64(b, uint64(v))
	})}
}

func stream[T any](data []T, put func([]byte, T) []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		buf := make([]byte, 0, min(chunk, 8*len(data)))
		for rest := data; len(rest) > 0; {
			n := min(len(rest), chunk/8)
			buf = buf[:0]
			for _, v := range rest[:n] {
				buf = put(buf, v)
			}
			if _, err := w.Write(buf); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	}
}

// Write writes a file. The bytes depend on the entries alone, not on their
// order: tensors come as the reference implementation puts them, by element
// type, then by name. Nothing is written if an entry's name or shape is wrong.
func Write(w io.Writer, metadata map[string]string, entries []Entry) error {
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b Entry) int {
		if a.DType != b.DType {
			return int(b.DType) - int(a.DType)
		}
		return strings.Compare(a.Name, b.Name)
	})
	sizes, err := check(metadata, entries)
	if err != nil {
		return fmt.Errorf("writing weights: %w", err)
	}
	head, err := marshal(metadata, entries, sizes)
	if err != nil {
		return fmt.Errorf("writing weights: %w", err)
	}
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("writing weights: %w", err)
	}
	for i, e := range entries {
		c := &counter{w: w}
		if err := e.Data(c); err != nil {
			return fmt.Errorf("writing tensor %q: %w", e.Name, err)
		}
		if c.n != sizes[i] {
			return fmt.Errorf("writing tensor %q: shape %v of %s needs %d bytes, but its data were %d", e.Name, e.Shape, e.DType, sizes[i], c.n)
		}
	}
	return nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// check returns the sizes of the entries' data.
func check(metadata map[string]string, entries []Entry) ([]int64, error) {
	for k, v := range metadata {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return nil, fmt.Errorf("metadata %q is not valid UTF-8", k)
		}
	}
	sizes := make([]int64, len(entries))
	seen := make(map[string]bool, len(entries))
	for i, e := range entries {
		switch {
		case e.Name == metadataKey || !utf8.ValidString(e.Name):
			return nil, fmt.Errorf("no tensor can be called %q", e.Name)
		case seen[e.Name]:
			return nil, fmt.Errorf("two tensors are called %q", e.Name)
		case !e.DType.valid():
			return nil, fmt.Errorf("tensor %q has no element type", e.Name)
		case len(e.Shape) > maxRank:
			return nil, fmt.Errorf("tensor %q has more than %d dimensions", e.Name, maxRank)
		}
		seen[e.Name] = true
		n, ok := product(e.Shape)
		if ok {
			sizes[i], ok = e.DType.bytes(n)
		}
		if !ok {
			return nil, fmt.Errorf("tensor %q: shape %v of %s is no whole number of bytes that a file can hold", e.Name, e.Shape, e.DType)
		}
	}
	return sizes, nil
}

// marshal makes the length and the header, padded with spaces to a multiple
// of eight bytes.
func marshal(metadata map[string]string, entries []Entry, sizes []int64) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, lengthSize))
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	value := func(v any) error {
		err := enc.Encode(v)
		buf.Truncate(buf.Len() - 1) // the encoder's newline
		return err
	}
	buf.WriteByte('{')
	if metadata != nil {
		buf.WriteString(`"` + metadataKey + `":`)
		if err := value(metadata); err != nil {
			return nil, err
		}
	}
	at := int64(0)
	for i, e := range entries {
		if i > 0 || metadata != nil {
			buf.WriteByte(',')
		}
		if err := value(e.Name); err != nil {
			return nil, err
		}
		shape := e.Shape
		if shape == nil {
			shape = []int{}
		}
		buf.WriteByte(':')
		err := value(struct {
			DType   string   `json:"dtype"`
			Shape   []int    `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}{e.DType.String(), shape, [2]int64{at, at + sizes[i]}})
		if err != nil {
			return nil, err
		}
		if at > math.MaxInt64-sizes[i] {
			return nil, fmt.Errorf("the tensors together are larger than a file can be")
		}
		at += sizes[i]
	}
	buf.WriteByte('}')
	for buf.Len()%8 != 0 {
		buf.WriteByte(' ')
	}
	head := buf.Bytes()
	n := len(head) - lengthSize
	if n > maxHeader {
		return nil, fmt.Errorf("the header would have %d bytes, above the format's limit of %d", n, maxHeader)
	}
	binary.LittleEndian.PutUint64(head, uint64(n))
	return head, nil
}
