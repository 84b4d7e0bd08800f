package tensor

// scope is an open block.
type scope struct {
	start int   // its first value in Tape.live
	outer int32 // the path around it
}

// Block runs fn as the block of the given name. What fn makes is freed at the
// end, except the value that it returns, what Keep was told to, and what the
// backward pass will need. Blocks nest; their names, joined by dots, stand in
// errors and profiles. A block without a name only frees.
func (t *Tape) Block(name string, fn func() *Tensor) *Tensor {
	t.Enter(name)
	return t.Leave(fn())
}

// Enter opens a block by hand; Leave closes it.
func (t *Tape) Enter(name string) {
	t.scopes = append(t.scopes, scope{len(t.live), t.path})
	t.path = t.paths.sub(t.path, name)
}

// Leave closes the block that Enter opened last, and hands y, which may be nil,
// to the block around it.
func (t *Tape) Leave(y *Tensor) *Tensor {
	s := t.scopes[len(t.scopes)-1]
	t.scopes = t.scopes[:len(t.scopes)-1]
	t.path = s.outer
	made := false
	for _, x := range t.live[s.start:] {
		if x == y {
			made = true
		} else if !x.kept {
			x.release(blockEnded)
		}
	}
	t.live = t.live[:s.start]
	if made {
		t.live = append(t.live, y)
	}
	return y
}

// Keep makes x live until the tape is reset, whatever block made it.
func (t *Tape) Keep(x *Tensor) *Tensor {
	x.mustLive()
	x.kept = true
	return x
}

// Drop frees x before its block ends, for callers that know that nobody will
// look at it again. The backward pass keeps what it needs. Leaves and kept
// values stay.
func (t *Tape) Drop(x *Tensor) {
	if x.tape == t && !x.kept {
		x.release(dropped)
	}
}

// paths numbers the paths of blocks, so that a node holds a number and entering
// a known block allocates nothing.
type paths struct {
	names []string
	known map[pathKey]int32
}

type pathKey struct {
	outer int32
	name  string
}

func (p *paths) init() {
	p.names, p.known = []string{""}, map[pathKey]int32{}
}

func (p *paths) name(i int32) string { return p.names[i] }

func (p *paths) sub(outer int32, name string) int32 {
	if name == "" {
		return outer
	}
	k := pathKey{outer, name}
	if i, ok := p.known[k]; ok {
		return i
	}
	full := name
	if o := p.names[outer]; o != "" {
		full = o + "." + name
	}
	i := int32(len(p.names))
	p.names = append(p.names, full)
	p.known[k] = i
	return i
}
