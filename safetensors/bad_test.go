package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// assemble makes a file of a header and so many zero bytes of data.
func assemble(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

// TestBadFiles runs testdata/bad.txt: what must be refused, and how. Both ways
// to read a file must say the same.
func TestBadFiles(t *testing.T) {
	datadriven.RunTest(t, "testdata/bad.txt", func(t *testing.T, d *datadriven.TestData) string {
		var file []byte
		switch d.Cmd {
		case "raw":
			var err error
			if file, err = hex.DecodeString(strings.ReplaceAll(d.Input, " ", "")); err != nil {
				t.Fatal(err)
			}
		case "parse":
			var size int
			d.ScanArgs(t, "data", &size)
			file = assemble(d.Input, size)
		default:
			t.Fatalf("unknown command %s", d.Cmd)
		}
		_, err := Parse("weights.safetensors", file)
		_, other := NewReader("weights.safetensors", bytes.NewReader(file), int64(len(file)))
		if got, want := message(other), message(err); got != want {
			t.Errorf("Parse says %q, NewReader %q", want, got)
		}
		var typed *Error
		if err != nil && !errors.As(err, &typed) {
			t.Errorf("%v is not an *Error", err)
		}
		return message(err)
	})
}

func message(err error) string {
	if err == nil {
		return "sound\n"
	}
	return err.Error() + "\n"
}

func TestAnyPrefixIsRefused(t *testing.T) {
	whole := golden(t)
	for n := range whole {
		if _, err := Parse("prefix", whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were taken for a file", n, len(whole))
		}
	}
}

func TestMessagesStayShort(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	_, err := Parse("f", assemble(`{"`+long+`":{"dtype":"`+long+`"}}`, 0))
	if err == nil || len(err.Error()) > 1000 {
		t.Errorf("a message of %d bytes", len(message(err)))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(assemble(`{}`, 0))
	f.Add(assemble(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"BOOL","shape":[0,3],"data_offsets":[8,8]}}   `, 8))
	f.Add(assemble(`{"__metadata__":{"format":"pt"},"h":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}`, 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		var entries []Entry
		var total int64
		for _, tensor := range file.Tensors() {
			b, err := tensor.Bytes()
			if err != nil || int64(len(b)) != tensor.Size() {
				t.Fatalf("%d of %d bytes: %v", len(b), tensor.Size(), err)
			}
			total += tensor.Size()
			if tensor.DType.Float() {
				if v, err := tensor.Float32(); err != nil || len(v) != tensor.Len() {
					t.Fatalf("%d of %d elements: %v", len(v), tensor.Len(), err)
				}
			}
			entries = append(entries, Raw(tensor.Name, tensor.DType, tensor.Shape, b))
		}
		if total > int64(len(data)) {
			t.Fatalf("tensors of %d bytes in a file of %d", total, len(data))
		}
		var again bytes.Buffer
		if err := Write(&again, file.Metadata(), entries); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := Parse("again", again.Bytes()); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
