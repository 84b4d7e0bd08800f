package rng

import "math"

// quantile is the inverse of the normal distribution function, to about 1e-16
// relative (Wichura, Algorithm AS 241, PPND16, Applied Statistics 37, 1988).
//
// Every product is rounded by an explicit conversion: otherwise the compiler
// may fuse it with the following sum on some processors and not on others, and
// the last bit of a weight would depend on the machine.
func quantile(p float64) float64 {
	q := p - 0.5
	if math.Abs(q) <= 0.425 {
		r := 0.180625 - float64(q*q)
		return q * horner(r, &centreNum) / horner(r, &centreDen)
	}
	r := p
	if q > 0 {
		r = 1 - p
	}
	r = math.Sqrt(-log(r))
	var z float64
	if r <= 5 {
		z = horner(r-1.6, &middleNum) / horner(r-1.6, &middleDen)
	} else {
		z = horner(r-5, &tailNum) / horner(r-5, &tailDen)
	}
	return math.Copysign(z, q)
}

func horner(x float64, c *[8]float64) float64 {
	y := c[7]
	for i := 6; i >= 0; i-- {
		y = float64(y*x) + c[i]
	}
	return y
}

var (
	centreNum = [8]float64{3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3}
	centreDen = [8]float64{1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3}
	middleNum = [8]float64{1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4}
	middleDen = [8]float64{1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9}
	tailNum   = [8]float64{6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7}
	tailDen   = [8]float64{1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15}
)

// log is the natural logarithm of a normal positive number, within 2 ulp, with
// the same bits on every processor (math.Log promises no such thing): the
// reduction x = 2ᵏ·m, m in [√½, √2), and log m = 2·atanh((m−1)/(m+1)) by its
// series up to s²³, whose rest is below 2⁻⁶⁰.
func log(x float64) float64 {
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = 2*m, k-1
	}
	s := (m - 1) / (m + 1)
	z := s * s
	t := 0.0
	for n := 23.0; n >= 3; n -= 2 {
		t = float64(z * (t + 1/n))
	}
	return float64(float64(k)*math.Ln2) + float64(2*float64(s+float64(s*t)))
}
