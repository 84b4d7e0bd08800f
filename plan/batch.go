package plan

import "github.com/thaw-go/thaw/data"

// Pictures is a batch of n pictures for a preview: their shapes count, not
// their pixels.
func Pictures(n, channels, side int) *data.Batch {
	b := &data.Batch{Fields: map[string]data.Array{}, Size: n, Indices: make([]int, n)}
	b.Float32("pixel_values", n, channels, side, side)
	b.Int64("labels", n)
	return b
}
