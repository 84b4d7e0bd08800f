// Package host is what engines that compute on the CPU share: memory outside
// the Go heap, buffers with typed views, and threads that split work at fixed
// places.
package host

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"github.com/thaw-go/thaw/engine"
)

// Small blocks are carved from slabs; larger ones have a mapping of their own,
// which can be given back to the system.
const (
	slabBytes = 1 << 20
	largest   = slabBytes / 8 // of a slab's blocks
	slack     = 64 << 20      // what may lie idle in any case
)

// Pool hands out buffers from memory mapped outside the Go heap, where the
// garbage collector neither looks nor counts. Freed blocks wait in free lists
// by size class; their headers wait with them, so that a steady sequence of
// allocations costs the Go heap nothing. A Pool may be used by several
// goroutines.
type Pool struct {
	mu    sync.Mutex
	stats engine.Memory
	free  [classCount]*Buffer // lists linked by Buffer.next
	idle  int64               // bytes of large blocks in free
	most  int64               // highest Live ever
	slab  []byte              // what is left of the newest slab
	slabs [][]byte
	large map[*byte][]byte // mappings by their first byte
	debug bool
	op    engine.Op // the running or the last operator, in debug mode
}

// NewPool makes a pool whose live buffers never take more than limit bytes; 0
// means any amount. In debug mode freed memory is poisoned and misuse panics.
func NewPool(limit int64, debug bool) *Pool {
	return &Pool{stats: engine.Memory{Limit: limit}, large: map[*byte][]byte{}, debug: debug}
}

// Alloc gives n elements of undefined content, aligned to 64 bytes.
func (p *Pool) Alloc(dt engine.DType, n int) (*Buffer, error) {
	if n < 0 {
		panic(fmt.Sprintf("host: a buffer of %d elements", n))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	bytes := int64(n) * int64(dt.Size())
	if n > 0 && bytes/int64(n) != int64(dt.Size()) || bytes >= 1<<47 {
		return nil, &engine.LimitError{Want: bytes, Live: p.stats.Live, Limit: 1 << 47}
	}
	class := classOf(bytes + p.guard())
	size := classBytes(class)
	if p.stats.Limit > 0 && p.stats.Live+size > p.stats.Limit {
		return nil, &engine.LimitError{Want: size, Live: p.stats.Live, Limit: p.stats.Limit}
	}
	b, err := p.block(class)
	if err != nil {
		return nil, err
	}
	b.dt, b.n, b.live, b.next = dt, n, true, nil
	p.stats.Live += size
	p.stats.Peak = max(p.stats.Peak, p.stats.Live)
	p.most = max(p.most, p.stats.Live)
	if p.debug {
		b = p.inspectNew(b)
	}
	return b, nil
}

// block takes a block from the free list or from the system.
func (p *Pool) block(class int) (*Buffer, error) {
	size := classBytes(class)
	if b := p.free[class]; b != nil {
		p.free[class] = b.next
		if size > largest {
			p.idle -= size
		}
		return b, nil
	}
	if size > largest {
		return p.mapLarge(class)
	}
	if int64(len(p.slab)) < size {
		s, err := p.fromSystem(slabBytes)
		if err != nil {
			return nil, err
		}
		p.slab, p.slabs = s, append(p.slabs, s)
	}
	b := &Buffer{pool: p, class: class, base: unsafe.Pointer(unsafe.SliceData(p.slab))}
	p.slab = p.slab[size:]
	return b, nil
}

func (p *Pool) mapLarge(class int) (*Buffer, error) {
	size := classBytes(class)
	crowded := p.stats.Limit > 0 && p.stats.Held+size > p.stats.Limit
	if crowded || p.stats.Held+size > p.most+p.most/2+slack {
		if err := p.releaseIdle(); err != nil {
			return nil, err
		}
	}
	page := int64(os.Getpagesize())
	m, err := p.fromSystem((size + page - 1) / page * page)
	if err != nil {
		return nil, err
	}
	p.large[unsafe.SliceData(m)] = m
	return &Buffer{pool: p, class: class, base: unsafe.Pointer(unsafe.SliceData(m))}, nil
}

func (p *Pool) fromSystem(n int64) ([]byte, error) {
	m, err := mapMemory(n)
	if err != nil {
		return nil, fmt.Errorf("mapping %d bytes, %d held: %w", n, p.stats.Held, err)
	}
	p.stats.Held += n
	return m, nil
}

// releaseIdle gives the free large blocks back to the system.
func (p *Pool) releaseIdle() error {
	for class := classOf(largest) + 1; class < classCount && p.idle > 0; class++ {
		for b := p.free[class]; b != nil; b = p.free[class] {
			m := p.large[(*byte)(b.base)]
			if err := unmapMemory(m); err != nil {
				return fmt.Errorf("giving %d bytes back: %w", len(m), err)
			}
			delete(p.large, (*byte)(b.base))
			p.free[class] = b.next
			p.idle -= classBytes(class)
			p.stats.Held -= int64(len(m))
		}
	}
	return nil
}

// Free takes a buffer back. Freeing twice, or a buffer of another pool, is a
// programmer's error.
func (p *Pool) Free(buf engine.Buffer) {
	b, ok := buf.(*Buffer)
	if !ok || b.pool != p {
		panic("host: freeing a buffer that another engine made")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !b.live {
		panic("host: buffer freed twice" + b.history())
	}
	b.live = false
	size := classBytes(b.class)
	p.stats.Live -= size
	if p.debug {
		b = p.inspectFreed(b)
	}
	b.next, p.free[b.class] = p.free[b.class], b
	if size > largest {
		p.idle += size
	}
}

// Memory reports what the pool holds.
func (p *Pool) Memory() engine.Memory {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// ResetPeak starts a new account of the peak.
func (p *Pool) ResetPeak() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Peak = p.stats.Live
}

// Close gives all memory back. Views of buffers must not be used any more.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	for _, s := range p.slabs {
		keep(unmapMemory(s))
	}
	for _, m := range p.large {
		keep(unmapMemory(m))
	}
	p.stats = engine.Memory{Limit: p.stats.Limit}
	p.free, p.slab, p.slabs, p.large = [classCount]*Buffer{}, nil, nil, map[*byte][]byte{}
	p.idle, p.most = 0, 0
	return first
}
