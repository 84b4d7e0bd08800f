package host

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/thaw-go/thaw/engine"
	"pgregory.net/rapid"
)

func TestSizeClasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1<<46).Draw(t, "n")
		c := classOf(n)
		size := classBytes(c)
		if size < n || size%align != 0 {
			t.Fatalf("%d bytes got a block of %d", n, size)
		}
		if c > 0 && classBytes(c-1) >= n {
			t.Fatalf("%d bytes got a block of %d, but %d is enough", n, size, classBytes(c-1))
		}
		if n > fineLimit && size-n > size/5 {
			t.Fatalf("%d of %d bytes lie idle", size-n, size)
		}
	})
}

func TestPoolReusesBlocks(t *testing.T) {
	p := NewPool(0, false)
	defer closePool(t, p)
	for _, n := range []int{0, 1, 1000, 1 << 20} {
		a := alloc(t, p, engine.F32, n)
		if uintptr(a.base)%align != 0 {
			t.Errorf("%d elements lie at %p", n, a.base)
		}
		held := p.Memory().Held
		p.Free(a)
		b := alloc(t, p, engine.I32, n)
		if a.base != b.base || p.Memory().Held != held {
			t.Errorf("%d elements: a freed block of the same size was not used again", n)
		}
		p.Free(b)
	}
	if m := p.Memory(); m.Live != 0 || m.Peak < 4<<20 {
		t.Errorf("after freeing everything: %+v", m)
	}
	p.ResetPeak()
	if m := p.Memory(); m.Peak != 0 {
		t.Errorf("after ResetPeak: %+v", m)
	}
	if got := testing.AllocsPerRun(100, func() { p.Free(alloc(t, p, engine.F32, 1000)) }); got != 0 {
		t.Errorf("a steady Alloc and Free costs %v Go allocations", got)
	}
}

func TestPoolKeepsBlocksApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := NewPool(0, rapid.Bool().Draw(t, "debug"))
		defer p.Close()
		type held struct {
			b    *Buffer
			mark uint8
		}
		var live []held
		var sum int64
		for i := range 40 {
			if len(live) > 0 && rapid.Bool().Draw(t, "free") {
				k := rapid.IntRange(0, len(live)-1).Draw(t, "which")
				if v := U8(live[k].b); bytes.Count(v, []byte{live[k].mark}) != len(v) {
					t.Fatal("a buffer's content changed")
				}
				sum -= classBytes(live[k].b.class)
				p.Free(live[k].b)
				live = append(live[:k], live[k+1:]...)
				continue
			}
			b, err := p.Alloc(engine.U8, rapid.IntRange(0, 200000).Draw(t, "n"))
			if err != nil {
				t.Fatal(err)
			}
			copy(U8(b), bytes.Repeat([]byte{uint8(i)}, b.Len()))
			live = append(live, held{b, uint8(i)})
			sum += classBytes(b.class)
		}
		if m := p.Memory(); m.Live != sum || m.Peak < sum || m.Held < sum {
			t.Fatalf("%d bytes are live, the account says %+v", sum, m)
		}
	})
}

func TestPoolGivesIdleMemoryBack(t *testing.T) {
	p := NewPool(100<<20, false)
	defer closePool(t, p)
	for mb := 60; mb < 80; mb += 5 { // each in a class of its own
		p.Free(alloc(t, p, engine.U8, mb<<20))
		if m := p.Memory(); m.Held > m.Limit {
			t.Fatalf("%d MiB: %+v", mb, m)
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	p := NewPool(1000, false)
	defer closePool(t, p)
	a := alloc(t, p, engine.F32, 100) // a block of 448 bytes
	alloc(t, p, engine.F32, 100)
	_, err := p.Alloc(engine.F32, 100)
	var limit *engine.LimitError
	if !errors.As(err, &limit) || limit.Want != 448 || limit.Live != 896 || limit.Limit != 1000 {
		t.Fatalf("got %v", err)
	}
	p.Free(a)
	alloc(t, p, engine.F32, 100)
	if _, err := p.Alloc(engine.F64, math.MaxInt/4); !errors.As(err, &limit) {
		t.Fatalf("a number of bytes that overflows: %v", err)
	}
}

func TestViewsAreTyped(t *testing.T) {
	p := NewPool(0, false)
	defer closePool(t, p)
	b := alloc(t, p, engine.I64, 3)
	copy(I64(b), []int64{1, -2, 3})
	if v := I64(b); len(v) != 3 || v[1] != -2 {
		t.Errorf("%v", v)
	}
	if v := Bits[uint64](b); v[1] != uint64(math.MaxUint64-1) {
		t.Errorf("%x", v)
	}
	wantPanic(t, "a buffer of i64 used as f32", func() { F32(b) })
	wantPanic(t, "words of 4 bytes", func() { Bits[uint32](b) })
	wantPanic(t, "another engine", func() { F32(stranger{}) })
	wantPanic(t, "another engine", func() { NewPool(0, false).Free(b) })
	p.Free(b)
	wantPanic(t, "use of a freed buffer", func() { I64(b) })
	wantPanic(t, "freed twice", func() { p.Free(b) })
}

func TestDebugModeNamesTheOperator(t *testing.T) {
	p := NewPool(0, true)
	defer closePool(t, p)
	run := func(op engine.Op, f func(c *engine.Call), in, out []engine.Array) {
		k := p.Watch(op, func(c *engine.Call) error { f(c); return nil })
		if err := k(&engine.Call{Op: op, In: in, Out: out}); err != nil {
			t.Fatal(err)
		}
	}
	idle := func(*engine.Call) {}
	arr := func(b *Buffer) []engine.Array { return []engine.Array{{Buf: b, Shape: engine.Of(b.Len())}, {}} }

	a := alloc(t, p, engine.F32, 5)
	if v := F32(a)[4]; v == v {
		t.Errorf("fresh memory holds %v, not poison", v)
	}
	run(engine.OpMatMul, idle, nil, arr(a))
	run(engine.OpSoftmax, idle, arr(a), nil)
	p.Free(a)
	b := alloc(t, p, engine.F32, 5) // the same block, another header
	if a == b || a.base != b.base {
		t.Fatal("the block was not used again under a new header")
	}
	wantPanic(t, "freed buffer of 5 f32 in copy (written by mat_mul, freed after softmax)", func() { run(engine.OpCopy, idle, arr(a), nil) })
	wantPanic(t, "freed twice", func() { p.Free(a) })
	wantPanic(t, "byte 2 behind a buffer of 5 f32 was written by conv2d", func() {
		run(engine.OpConv2D, func(*engine.Call) { unsafe.Slice((*uint8)(b.base), 30)[22] = 0 }, nil, arr(b))
	})
	wantPanic(t, "byte 2 behind a buffer of 5 f32 was written by conv2d", func() { p.Free(b) })

	c := alloc(t, p, engine.I64, 100)
	v := I64(c)
	p.Free(c)
	v[7] = 0
	wantPanic(t, "byte 56 of a freed buffer was written", func() { alloc(t, p, engine.I64, 100) })
}

type stranger struct{}

func (stranger) DType() engine.DType { return engine.F32 }
func (stranger) Len() int            { return 0 }

func alloc(t testing.TB, p *Pool, dt engine.DType, n int) *Buffer {
	t.Helper()
	b, err := p.Alloc(dt, n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func closePool(t testing.TB, p *Pool) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func wantPanic(t *testing.T, part string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if msg, _ := recover().(string); !strings.Contains(msg, part) {
			t.Errorf("the panic says %q, want %q", msg, part)
		}
	}()
	f()
}
