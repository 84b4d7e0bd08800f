package metric

// Mean is a weighted mean, as of losses over batches of different size.
type Mean struct{ sum, weight float64 }

// Add counts v with weight w.
func (m *Mean) Add(v, w float64) {
	m.sum += v * w
	m.weight += w
}

// Merge adds what o has seen.
func (m *Mean) Merge(o Mean) {
	m.sum += o.sum
	m.weight += o.weight
}

// Value is the mean so far; NaN before the first value.
func (m *Mean) Value() float64 { return m.sum / m.weight }

// Reset forgets everything.
func (m *Mean) Reset() { *m = Mean{} }
