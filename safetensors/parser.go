package safetensors

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strconv"
)

// parser walks the header token by token: encoding/json's maps would let
// duplicate keys pass.
type parser struct {
	dec *json.Decoder
	// base is where in its file the JSON starts.
	base int64
}

func newParser(raw []byte) *parser {
	p := &parser{dec: json.NewDecoder(bytes.NewReader(raw))}
	p.dec.UseNumber()
	return p
}

func (p *parser) bad(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return failf("the JSON ends too early, at byte %d", p.base+p.dec.InputOffset())
	}
	return failf("not valid JSON at byte %d: %v", p.base+p.dec.InputOffset(), err)
}

func (p *parser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if err != nil {
		return nil, p.bad(err)
	}
	return t, nil
}

// object calls field for each key of an object, which must take its value.
func (p *parser) object(what string, field func(key string) error) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return failf("%s is not an object", what)
	}
	seen := map[string]bool{}
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return failf("%s has a key that is not a string", what)
		}
		if seen[key] {
			return failf("%s has the key %q twice", what, key)
		}
		seen[key] = true
		if err := field(key); err != nil {
			return err
		}
	}
	_, err = p.token()
	return err
}

// strings reads an object of strings.
func (p *parser) strings(what string, into map[string]string) error {
	return p.object(what, func(key string) error {
		t, err := p.token()
		if err != nil {
			return err
		}
		s, ok := t.(string)
		if !ok {
			return failf("%s: the value of %q is not a string", what, key)
		}
		into[key] = s
		return nil
	})
}

func (p *parser) tensor(name string) (Tensor, error) {
	t := Tensor{Name: name}
	var found [3]bool
	err := p.object("its entry", func(key string) (err error) {
		switch key {
		case "dtype":
			found[0] = true
			return p.dtype(&t)
		case "shape":
			found[1] = true
			return p.shape(&t)
		case "data_offsets":
			found[2] = true
			return p.offsets(&t)
		}
		// The reference implementation passes over keys that it does not know.
		var skip json.RawMessage
		if err := p.dec.Decode(&skip); err != nil {
			return p.bad(err)
		}
		return nil
	})
	if err != nil {
		return t, err
	}
	for i, key := range []string{"dtype", "shape", "data_offsets"} {
		if !found[i] {
			return t, failf("its entry has no %q", key)
		}
	}
	return t, nil
}

func (p *parser) dtype(t *Tensor) error {
	tok, err := p.token()
	if err != nil {
		return err
	}
	name, ok := tok.(string)
	if ok {
		t.DType, ok = ParseDType(name)
	}
	if !ok {
		return failf("no dtype is called %v", tok)
	}
	return nil
}

func (p *parser) shape(t *Tensor) error {
	t.Shape = []int{}
	err := p.numbers("shape", func(n int64) error {
		if n > math.MaxInt {
			return failf("shape: %d is too large", n)
		}
		if len(t.Shape) == maxRank {
			return failf("shape has more than %d dimensions", maxRank)
		}
		t.Shape = append(t.Shape, int(n))
		return nil
	})
	if err != nil {
		return err
	}
	n, ok := product(t.Shape)
	if !ok || n > math.MaxInt {
		return failf("shape %v has more elements than can be counted", t.Shape)
	}
	t.elements = int(n)
	return nil
}

func (p *parser) offsets(t *Tensor) error {
	var at []int64
	err := p.numbers("data_offsets", func(n int64) error {
		if len(at) < 3 {
			at = append(at, n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(at) != 2 {
		return failf("data_offsets are not two numbers")
	}
	t.begin, t.end = at[0], at[1]
	return nil
}

// numbers reads an array of integers from 0 to 2⁶³−1, written as such.
func (p *parser) numbers(what string, each func(int64) error) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t != json.Delim('[') {
		return failf("%s is not an array", what)
	}
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return err
		}
		num, ok := t.(json.Number)
		if !ok {
			return failf("%s: %v is not a number", what, t)
		}
		n, err := strconv.ParseUint(num.String(), 10, 63)
		if err != nil {
			return failf("%s: %s is not an integer from 0 to 2^63-1", what, num)
		}
		if err := each(int64(n)); err != nil {
			return err
		}
	}
	_, err = p.token()
	return err
}
