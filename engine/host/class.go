package host

import "math/bits"

// Blocks come in size classes: multiples of 64 bytes up to 256, then four steps
// to each power of two, so that at most a fifth of a block lies idle.
const (
	align      = 64
	fineSteps  = 4
	fineLimit  = fineSteps * align
	fineBits   = 8 // 2^fineBits == fineLimit
	classCount = fineSteps + 4*(48-fineBits)
)

// classOf is the index of the smallest class that holds n bytes.
func classOf(n int64) int {
	if n <= fineLimit {
		return int(max(n-1, 0) / align)
	}
	e := bits.Len64(uint64(n-1)) - 1 // 2^e < n <= 2^(e+1)
	quarter := int64(1) << (e - 2)
	k := (n - 1<<e + quarter - 1) / quarter // 1…4
	return fineSteps + 4*(e-fineBits) + int(k) - 1
}

// classBytes is the size of a class's blocks.
func classBytes(class int) int64 {
	if class < fineSteps {
		return int64(class+1) * align
	}
	e := (class-fineSteps)/4 + fineBits
	k := int64((class-fineSteps)%4 + 1)
	return 1<<e + k<<(e-2)
}

// BlockBytes is what a buffer of n bytes costs, by which an account of buffers
// that have no memory agrees with one of buffers that have.
func BlockBytes(n int64) int64 { return classBytes(classOf(n)) }
