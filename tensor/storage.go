package tensor

import "github.com/thaw-go/thaw/engine"

// storage is a counted reference to an engine's buffer. Tensors, nodes that
// save a value for the backward pass and gradients each hold one count.
type storage struct {
	buf  engine.Buffer
	refs int32
	// slot is the place in the pool's list of what is in use, -1 once adopted
	// by something that outlives the tape.
	slot int32
	pool *pool
}

// pool hands out storages and reuses their structs.
type pool struct {
	e    engine.Engine
	used []*storage
	free []*storage
}

func (p *pool) alloc(dt engine.DType, n int) (*storage, error) {
	buf, err := p.e.Alloc(dt, n)
	if err != nil {
		return nil, err
	}
	var s *storage
	if k := len(p.free); k > 0 {
		s, p.free = p.free[k-1], p.free[:k-1]
	} else {
		s = &storage{pool: p}
	}
	s.buf, s.refs, s.slot = buf, 1, int32(len(p.used))
	p.used = append(p.used, s)
	return s, nil
}

func (s *storage) retain() { s.refs++ }

func (s *storage) release() {
	s.refs--
	if s.refs < 0 {
		panic("tensor: storage released twice")
	}
	if s.refs == 0 {
		s.forget()
		s.pool.e.Free(s.buf)
		s.buf = nil
		s.pool.free = append(s.pool.free, s)
	}
}

// forget takes the storage off the pool's list: the pool no longer frees it on
// its own.
func (s *storage) forget() {
	if s.slot < 0 {
		return
	}
	u := s.pool.used
	last := u[len(u)-1]
	u[s.slot], last.slot = last, s.slot
	s.pool.used = u[:len(u)-1]
	s.slot = -1
}

// reclaim frees whatever is still in use, as after an error in the middle of an
// operator.
func (p *pool) reclaim() {
	for len(p.used) > 0 {
		s := p.used[len(p.used)-1]
		s.refs = 1
		s.release()
	}
}

// val is a value on its way through kernels: a storage seen with a shape. The
// zero val, or one with a shape only, stands for an absent operand.
type val struct {
	st    *storage
	shape engine.Shape
}

func (v val) array() engine.Array {
	if v.st == nil {
		return engine.Array{}
	}
	return engine.Array{Buf: v.st.buf, Shape: v.shape}
}

// as sees the same elements with another shape.
func (v val) as(s engine.Shape) val {
	v.shape = s
	return v
}

func (v val) retain() val {
	if v.st != nil {
		v.st.retain()
	}
	return v
}

func (v val) drop() {
	if v.st != nil {
		v.st.release()
	}
}

func (v val) absent() bool { return v.st == nil }

// shapeOnly stands for a value of which the backward pass needs the shape.
func (v val) shapeOnly() val { return val{shape: v.shape} }
