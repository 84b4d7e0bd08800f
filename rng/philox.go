// Package rng is the project's only source of random numbers. A number is a
// pure function of its key and its position, so that nothing has to be saved
// but the position, and results do not depend on who drew first or on how many
// threads drew. The numbers never change: testdata of this and of other
// packages, and every resumed run, hold on to them.
package rng

import "math/bits"

// Multipliers and Weyl increments of Philox4x32.
const (
	mul0, mul1   = 0xD2511F53, 0xCD9E8D57
	weyl0, weyl1 = 0x9E3779B9, 0xBB67AE85
)

// Philox is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers:
// As Easy as 1, 2, 3, SC 2011) with the 128-bit counter hi·2⁶⁴ + lo.
func Philox(key, hi, lo uint64) [4]uint32 {
	c0, c1, c2, c3 := uint32(lo), uint32(lo>>32), uint32(hi), uint32(hi>>32)
	k0, k1 := uint32(key), uint32(key>>32)
	for range 10 {
		p0, p1 := uint64(c0)*mul0, uint64(c2)*mul1
		c0, c1, c2, c3 = uint32(p1>>32)^c1^k0, uint32(p1), uint32(p0>>32)^c3^k1, uint32(p0)
		k0 += weyl0
		k1 += weyl1
	}
	return [4]uint32{c0, c1, c2, c3}
}

// At is element i of the stream that key and id name: word i%4 of block i/4.
// Kernels that want many elements call [Philox] once for four.
func At(key, id, i uint64) uint32 { return Philox(key, id, i/4)[i%4] }

// deriving is the block that [Derive] reads. At and Stream use blocks below
// 2⁶², so keys and numbers never come from the same block.
const deriving = ^uint64(0)

// Derive makes a key of a key and one more part.
func Derive(key, part uint64) uint64 {
	b := Philox(key, part, deriving)
	return uint64(b[1])<<32 | uint64(b[0])
}

// Key makes a key of its parts, whose order and number count.
func Key(parts ...uint64) uint64 {
	key := uint64(0x7468617774686177) // "thawthaw"
	for _, p := range parts {
		key = Derive(key, p)
	}
	return key
}

// Name makes a part of a key of a string: its 64-bit FNV-1a hash.
func Name(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}

// below maps the random word r to [0, n) without bias, or asks for another
// word (Lemire, Fast Random Integer Generation in an Interval, 2019).
func below(r, n uint64) (v uint64, ok bool) {
	hi, lo := bits.Mul64(r, n)
	return hi, lo >= n || lo >= -n%n
}
