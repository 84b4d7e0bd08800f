package main

import "github.com/thaw-go/thaw/engine/native/internal/asm"

// Constants of Philox4x32 (package rng).
const (
	philoxMul0, philoxMul1   = 0xD2511F53, 0xCD9E8D57
	philoxWeyl0, philoxWeyl1 = 0x9E3779B9, 0xBB67AE85
	philoxRounds             = 10
)

// dropouts keep an element where its random number is at least the threshold.
// Each element of a vector computes one block of four numbers, and blocks are
// numbered so that two unpackings bring the numbers into order: number q of a
// vector's 128-bit lane l has block q·lanes+l.
func dropouts(s *sources) {
	s.kernel("dropout", "scales P[0] = Scale·P[1], or 0 where dropped. Blocks of Width·4 elements, at least one.", asm.Dropout{}, func(k *kernel) {
		lanes := k.width / 4
		order := make([]uint32, 16)
		for i := range k.width {
			order[i] = uint32(i%4*lanes + i/4)
		}
		k.get("SI", "X", "DI", "Y", "CX", "Blocks")
		first := k.reg() // the first word of the counter
		k.ins("VPBROADCASTD", k.field("Counter"), k.v(first))
		k.op("VPADDD", first, first, k.src.table("order", order))
		if k.wide() {
			k.ins("MOVL", "$0x5555", "AX")
			k.ins("KMOVW", "AX", "K5")
			k.ins("MOVL", "$0xaaaa", "AX")
			k.ins("KMOVW", "AX", "K6")
		}
		k.loop("CX", 1, func() {
			k.philoxBlocks(first)
			k.op("VPADDD", first, first, k.bits(uint32(k.width)))
			k.ins("ADDQ", imm(4*k.bytes()), "SI")
			k.ins("ADDQ", imm(4*k.bytes()), "DI")
		})
	})
}

// philoxBlocks covers four vectors.
func (k *kernel) philoxBlocks(first int) {
	c := [4]int{k.reg(), k.reg(), k.reg(), k.reg()}
	k.ins("VMOVUPS", k.v(first), k.v(c[0]))
	for i, f := range []string{"CounterHigh", "ID", "IDHigh"} {
		k.ins("VPBROADCASTD", k.field(f), k.v(c[i+1]))
	}
	key := [2]int{k.reg(), k.reg()}
	k.ins("VPBROADCASTD", k.field("Key"), k.v(key[0]))
	k.ins("VPBROADCASTD", k.field("KeyHigh"), k.v(key[1]))
	for range philoxRounds {
		high0, low0 := k.product64(c[0], philoxMul0)
		high1, low1 := k.product64(c[2], philoxMul1)
		k.op("VXORPS", high1, high1, c[1])
		k.op("VXORPS", high1, high1, key[0])
		k.op("VXORPS", high0, high0, c[3])
		k.op("VXORPS", high0, high0, key[1])
		k.release(c[:]...)
		c = [4]int{high1, low1, high0, low0}
		k.op("VPADDD", key[0], key[0], k.bits(philoxWeyl0))
		k.op("VPADDD", key[1], key[1], k.bits(philoxWeyl1))
	}
	k.release(key[:]...)
	// Words of a block side by side.
	t := [4]int{k.reg(), k.reg(), k.reg(), k.reg()}
	for i := range 2 {
		k.ins("VUNPCKLPS", k.v(c[2*i+1]), k.v(c[2*i]), k.v(t[2*i]))
		k.ins("VUNPCKHPS", k.v(c[2*i+1]), k.v(c[2*i]), k.v(t[2*i+1]))
	}
	for i := range 2 {
		k.ins("VUNPCKLPD", k.v(t[2+i]), k.v(t[i]), k.v(c[2*i]))
		k.ins("VUNPCKHPD", k.v(t[2+i]), k.v(t[i]), k.v(c[2*i+1]))
	}
	k.release(t[:]...)
	scale, limit := k.reg(), k.reg()
	k.ins("VBROADCASTSS", k.field("Scale"), k.v(scale))
	k.ins("VPBROADCASTD", k.field("Threshold"), k.v(limit))
	for i, w := range c {
		x := k.reg()
		k.mul(x, scale, mem("SI", i*k.bytes()))
		if k.wide() {
			k.ins("VPCMPUD", "$5", k.v(limit), k.v(w), "K3") // not less
			k.ins("VMOVUPS.Z", k.v(x), "K3", k.v(x))
		} else {
			// The comparison is signed.
			k.op("VXORPS", w, w, k.bits(1<<31))
			if i == 0 {
				k.op("VXORPS", limit, limit, k.bits(1<<31))
			}
			k.ins("VPCMPGTD", k.v(w), k.v(limit), k.v(w))
			k.ins("VANDNPS", k.v(x), k.v(w), k.v(x))
		}
		k.ins("VMOVUPS", k.v(x), mem("DI", i*k.bytes()))
		k.release(x)
	}
	k.release(scale, limit)
	k.release(c[:]...)
}

// product64 is the upper and lower words of x times a constant.
func (k *kernel) product64(x int, by uint32) (high, low int) {
	even, odd := k.reg(), k.reg()
	high, low = k.reg(), k.reg()
	k.ins("VPSRLQ", "$32", k.v(x), k.v(odd))
	k.op("VPMULUDQ", even, x, k.bits(by))
	k.op("VPMULUDQ", odd, odd, k.bits(by))
	if k.wide() {
		k.ins("VMOVAPS", k.v(odd), k.v(high))
		k.ins("VMOVSHDUP", k.v(even), "K5", k.v(high))
		k.ins("VMOVAPS", k.v(even), k.v(low))
		k.ins("VMOVSLDUP", k.v(odd), "K6", k.v(low))
	} else {
		k.ins("VPSRLQ", "$32", k.v(even), k.v(high))
		k.ins("VPBLENDD", "$0xAA", k.v(odd), k.v(high), k.v(high))
		k.ins("VPSLLQ", "$32", k.v(odd), k.v(low))
		k.ins("VPBLENDD", "$0xAA", k.v(low), k.v(even), k.v(low))
	}
	k.release(even, odd)
	return high, low
}
