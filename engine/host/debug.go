package host

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
)

// poison fills memory that has no content: NaN as a float, −1 as an integer.
const poison = 0xff

// guard is the number of bytes behind each buffer that nobody may write.
func (p *Pool) guard() int64 {
	if p.debug {
		return align
	}
	return 0
}

// inspectNew checks that nobody wrote to the block while it was free, and
// poisons it.
func (p *Pool) inspectNew(b *Buffer) *Buffer {
	mem := b.bytes()
	if b.poisoned {
		for i, v := range mem {
			if v != poison {
				panic(fmt.Sprintf("host: byte %d of a freed buffer was written%s", i, b.history()))
			}
		}
	}
	for i := range mem {
		mem[i] = poison
	}
	b.made, b.freed, b.poisoned = engine.OpNone, engine.OpNone, true
	return b
}

// inspectFreed poisons the block and gives it a new header: the old one stays
// dead, so that its later use is seen.
func (p *Pool) inspectFreed(b *Buffer) *Buffer {
	p.checkGuard(b)
	b.freed = p.op
	mem := b.bytes()
	for i := range mem {
		mem[i] = poison
	}
	fresh := *b
	return &fresh
}

func (p *Pool) checkGuard(b *Buffer) {
	for i, v := range b.bytes()[b.n*b.dt.Size():] {
		if v != poison {
			panic(fmt.Sprintf("host: byte %d behind a buffer of %d %v was written by %v", i, b.n, b.dt, b.made))
		}
	}
}

// history tells a panic which operators met the buffer.
func (b *Buffer) history() string {
	if !b.pool.debug {
		return "; the debug mode names the operators"
	}
	return fmt.Sprintf(" of %d %v in %v (written by %v, freed after %v)", b.n, b.dt, b.pool.op, b.made, b.freed)
}

// Watch wraps a kernel so that in debug mode panics about memory name the
// operator; otherwise it returns the kernel itself.
func (p *Pool) Watch(op engine.Op, k engine.Kernel) engine.Kernel {
	if !p.debug {
		return k
	}
	return func(c *engine.Call) error {
		p.op = op
		for _, a := range c.In {
			if !a.Absent() {
				own(a.Buf)
			}
		}
		for _, a := range c.Out {
			if !a.Absent() {
				own(a.Buf).made = op
			}
		}
		err := k(c)
		for _, a := range c.Out {
			if !a.Absent() {
				p.checkGuard(own(a.Buf))
			}
		}
		return err
	}
}
