package main

import (
	"fmt"
	"math"
	"reflect"
	"strings"
)

// kernel is one function in the making.
type kernel struct {
	*isa
	src    *sources
	args   reflect.Type
	text   strings.Builder
	labels int
	free   []bool // vector registers
}

// ins prints an instruction; operands are in the order of Go's assembler, the
// destination last.
func (k *kernel) ins(op string, operands ...string) {
	fmt.Fprintf(&k.text, "\t%s", op)
	for i, o := range operands {
		if i > 0 {
			k.text.WriteByte(',')
		}
		k.text.WriteByte(' ')
		k.text.WriteString(o)
	}
	k.text.WriteByte('\n')
}

func (k *kernel) label(l string) { fmt.Fprintf(&k.text, "%s:\n", l) }

// fresh is a label that is not used elsewhere in the kernel.
func (k *kernel) fresh(stem string) string {
	k.labels++
	return fmt.Sprintf("%s%d", stem, k.labels)
}

// jump ends with an unconditional or conditional jump after a comparison of a
// with b: jump("JLT", "CX", "$4", l) goes to l where CX < 4.
func (k *kernel) jump(cond, a, b, to string) {
	k.ins("CMPQ", a, b)
	k.ins(cond, to)
}

// field is the operand of a field of the argument.
func (k *kernel) field(name string) string {
	f, ok := k.args.FieldByName(name)
	if !ok {
		panic(fmt.Sprintf("gen: %v has no field %s", k.args, name))
	}
	return mem("BX", int(f.Offset))
}

// get loads fields into general registers: get("SI", "A", "CX", "K").
func (k *kernel) get(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		k.ins("MOVQ", k.field(pairs[i+1]), pairs[i])
	}
}

func mem(base string, disp int) string { return fmt.Sprintf("%d(%s)", disp, base) }

func indexed(base string, disp int, index string, scale int) string {
	return fmt.Sprintf("%d(%s)(%s*%d)", disp, base, index, scale)
}

func imm(v int) string { return fmt.Sprintf("$%d", v) }

// f is a constant as a memory operand, one copy in each element.
func (k *kernel) f(v float64) string { return k.src.constant(math.Float32bits(float32(v))) }

// bits is f for integers.
func (k *kernel) bits(v uint32) string { return k.src.constant(v) }

// reg takes a vector register, which release gives back.
func (k *kernel) reg() int {
	for i, f := range k.free {
		if f {
			k.free[i] = false
			return i
		}
	}
	panic("gen: out of vector registers")
}

func (k *kernel) release(regs ...int) {
	for _, r := range regs {
		if k.free[r] {
			panic("gen: vector register released twice")
		}
		k.free[r] = true
	}
}

// loop prints a loop that runs while counter, which is at least step, can be
// lowered by step; from the second test on it falls through.
func (k *kernel) loop(counter string, step int, body func()) {
	top, end := k.fresh("loop"), k.fresh("end")
	k.jump("JLT", counter, imm(step), end)
	k.label(top)
	body()
	k.ins("SUBQ", imm(step), counter)
	k.jump("JGE", counter, imm(step), top)
	k.label(end)
}
