package main

import "github.com/thaw-go/thaw/engine/native/internal/asm"

// peak does nothing but multiply and add in registers.
func peak(s *sources) {
	s.kernel("peak", "multiplies and adds in registers.", asm.Spin{}, func(k *kernel) {
		k.get("CX", "Rounds")
		sums := k.regs - 4
		for i := range k.regs {
			k.ins("VXORPS", k.low(i), k.low(i), k.low(i))
		}
		k.loop("CX", 1, func() {
			for i := range sums {
				k.ins("VFMADD231PS", k.v(sums), k.v(sums+1+i%3), k.v(i))
			}
		})
	})
}
