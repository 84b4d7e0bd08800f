package main

import "fmt"

// operand is a register by number or a memory operand.
type operand = any

func (k *kernel) operand(o operand) string {
	switch o := o.(type) {
	case int:
		return k.v(o)
	case string:
		return o
	}
	panic(fmt.Sprintf("gen: operand %v", o))
}

// op prints to = a op b, where b may be memory. Of VMAXPS and VMINPS the result
// is b where one of the two is NaN.
func (k *kernel) op(name string, to, a int, b operand) {
	k.ins(name, k.operand(b), k.v(a), k.v(to))
}

func (k *kernel) add(to, a int, b operand) { k.op("VADDPS", to, a, b) }
func (k *kernel) sub(to, a int, b operand) { k.op("VSUBPS", to, a, b) }
func (k *kernel) mul(to, a int, b operand) { k.op("VMULPS", to, a, b) }
func (k *kernel) div(to, a int, b operand) { k.op("VDIVPS", to, a, b) }
func (k *kernel) and(to, a int, b operand) { k.op("VANDPS", to, a, b) }

// fma is to += a·b; fnma is to −= a·b.
func (k *kernel) fma(to, a int, b operand)  { k.op("VFMADD231PS", to, a, b) }
func (k *kernel) fnma(to, a int, b operand) { k.op("VFNMADD231PS", to, a, b) }

// horner is to = to·x + c.
func (k *kernel) horner(to, x int, c operand) { k.op("VFMADD213PS", to, x, c) }

// fnmadd is to = c − to·x.
func (k *kernel) fnmadd(to, x int, c operand) { k.op("VFNMADD213PS", to, x, c) }

func (k *kernel) move(to int, from operand) { k.ins("VMOVUPS", k.operand(from), k.v(to)) }

func (k *kernel) zero() int {
	r := k.reg()
	k.ins("VXORPS", k.low(r), k.low(r), k.low(r))
	return r
}

// Predicates of comparisons.
const (
	lessEqual    = 18 // quiet, false for NaN
	notLessEqual = 22 // quiet, true for NaN
	greaterEqual = 29
	greater      = 30
	less         = 17
	unordered    = 3
)

// choose is to = yes where a is in the relation to b, else no.
func (k *kernel) choose(to, relation, a int, b operand, yes, no int) {
	if k.wide() {
		k.ins("VCMPPS", imm(relation), k.operand(b), k.v(a), "K3")
		k.ins("VBLENDMPS", k.v(yes), k.v(no), "K3", k.v(to))
		return
	}
	m := k.reg()
	k.ins("VCMPPS", imm(relation), k.operand(b), k.v(a), k.v(m))
	k.ins("VBLENDVPS", k.v(m), k.v(yes), k.v(no), k.v(to))
	k.release(m)
}

// orZero is to = yes where a is in the relation to b, else 0.
func (k *kernel) orZero(to, relation, a int, b operand, yes int) {
	if k.wide() {
		k.ins("VCMPPS", imm(relation), k.operand(b), k.v(a), "K3")
		k.ins("VMOVUPS.Z", k.v(yes), "K3", k.v(to))
		return
	}
	m := k.reg()
	k.ins("VCMPPS", imm(relation), k.operand(b), k.v(a), k.v(m))
	k.and(to, m, k.v(yes))
	k.release(m)
}

// clamp keeps x between −limit and limit; NaN stays.
func (k *kernel) clamp(x int, limit float64) {
	t := k.reg()
	k.move(t, k.f(limit))
	k.op("VMINPS", x, t, x)
	k.move(t, k.f(-limit))
	k.op("VMAXPS", x, t, x)
	k.release(t)
}

// polynomial is to = Σ c[i]·xⁱ.
func (k *kernel) polynomial(to, x int, c ...float64) {
	k.move(to, k.f(c[len(c)-1]))
	for i := len(c) - 2; i >= 0; i-- {
		k.horner(to, x, k.f(c[i]))
	}
}

// exp replaces x by eˣ, within about an ulp (Moshier's Cephes, expf).
func (k *kernel) exp(x int) {
	const log2e, ln2hi, ln2lo = 1.44269504088896341, 0.693359375, -2.12194440e-4
	k.clamp(x, 104) // where the result is infinite or zero
	n, p := k.reg(), k.reg()
	k.mul(n, x, k.f(log2e))
	if k.wide() {
		k.ins("VRNDSCALEPS", "$8", k.v(n), k.v(n))
	} else {
		k.ins("VROUNDPS", "$8", k.v(n), k.v(n))
	}
	k.fnma(x, n, k.f(ln2hi))
	k.fnma(x, n, k.f(ln2lo))
	k.polynomial(p, x, 5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4)
	k.mul(p, p, x)
	k.horner(p, x, x)
	k.add(x, p, k.f(1))
	k.scale(x, n)
	k.release(n, p)
}

// scale multiplies x by 2ⁿ, where n is whole and at most 200 in size.
func (k *kernel) scale(x, n int) {
	if k.wide() {
		k.op("VSCALEFPS", x, x, n)
		return
	}
	half := k.reg() // in two steps: 2ⁿ itself may not be a normal number
	k.ins("VCVTPS2DQ", k.v(n), k.v(n))
	k.ins("VPSRAD", "$1", k.v(n), k.v(half))
	k.op("VPSUBD", n, n, half)
	for _, e := range []int{half, n} {
		k.op("VPADDD", e, e, k.bits(127))
		k.ins("VPSLLD", "$23", k.v(e), k.v(e))
		k.mul(x, x, e)
	}
	k.release(half)
}

// tanh replaces x by tanh x, within some ulp: the ratio of polynomials of Eigen
// (MathFunctionsImpl.h), which is ±1 from the clamp on.
func (k *kernel) tanh(x int) {
	k.clamp(x, 7.90531110763549805)
	k.ratio(x,
		[]float64{4.89352455891786e-3, 6.37261928875436e-4, 1.48572235717979e-5, 5.12229709037114e-8, -8.60467152213735e-11, 2.00018790482477e-13, -2.76076847742355e-16},
		[]float64{4.89352518554385e-3, 2.26843463243900e-3, 1.18534705686654e-4, 1.19825839466702e-6})
}

// erf replaces x by erf x, as tanh.
func (k *kernel) erf(x int) {
	k.clamp(x, 4)
	k.ratio(x,
		[]float64{-1.60960333262415e-2, -2.95459980854025e-3, -7.34990630326855e-4, -5.69250639462346e-5, -2.10102402082508e-6, 2.77068142495902e-8, -2.72614225801306e-10},
		[]float64{-1.42647390514189e-2, -7.37332916720468e-3, -1.68282697438203e-3, -2.13374055278905e-4, -1.45660718464996e-5})
}

// ratio replaces x by x·p(x²)/q(x²).
func (k *kernel) ratio(x int, p, q []float64) {
	xx, n, d := k.reg(), k.reg(), k.reg()
	k.mul(xx, x, x)
	k.polynomial(n, xx, p...)
	k.polynomial(d, xx, q...)
	k.mul(n, n, x)
	k.div(x, n, d)
	k.release(xx, n, d)
}

// sigmoid replaces x by 1/(1+e⁻ˣ).
func (k *kernel) sigmoid(x int) {
	k.op("VXORPS", x, x, k.bits(1<<31))
	k.exp(x)
	k.add(x, x, k.f(1))
	one := k.reg()
	k.move(one, k.f(1))
	k.div(x, one, x)
	k.release(one)
}
