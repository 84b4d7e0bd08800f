// Package demo is the quickstart: a small residual network, pretrained on
// pictures of clothes, learns handwritten digits from few examples, with and
// without a phase schedule. Everything it needs is embedded.
package demo

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// The 1,797 handwritten digits of the UCI repository's test set: E. Alpaydin
// and C. Kaynak, Optical Recognition of Handwritten Digits, 1998, CC BY 4.0, in
// the form in which scikit-learn ships them (8×8 pixels of 0 to 16, then the
// class). See assets/README.md.
//
//go:embed assets/digits.csv.gz
var digitsCSV []byte

// digitSize is the side of a digit as stored.
const digitSize = 8

// Images are square grey pictures with their classes.
type Images struct {
	Size   int
	Pixels [][]float32 // each Size·Size, row by row, 0 (background) to 1
	Labels []int64
}

// Digits reads the embedded digits and enlarges them to size×size.
func Digits(size int) (Images, error) {
	zr, err := gzip.NewReader(bytes.NewReader(digitsCSV))
	if err != nil {
		return Images{}, fmt.Errorf("reading the embedded digits: %w", err)
	}
	out := Images{Size: size}
	r := csv.NewReader(zr)
	r.FieldsPerRecord = digitSize*digitSize + 1
	r.ReuseRecord = true
	for {
		rec, err := r.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return Images{}, fmt.Errorf("reading the embedded digits: %w", err)
		}
		small := make([]float32, digitSize*digitSize)
		for i := range small {
			v, err := strconv.ParseFloat(rec[i], 32)
			if err != nil {
				return Images{}, fmt.Errorf("reading the embedded digits: %w", err)
			}
			small[i] = float32(v) / 16
		}
		label, err := strconv.ParseInt(rec[len(rec)-1], 10, 64)
		if err != nil {
			return Images{}, fmt.Errorf("reading the embedded digits: %w", err)
		}
		out.Pixels = append(out.Pixels, resize(small, digitSize, size))
		out.Labels = append(out.Labels, label)
	}
}

// resize resamples a square picture bilinearly, pixel centres aligned as
// torch's interpolate(align_corners=False) does.
func resize(src []float32, from, to int) []float32 {
	dst := make([]float32, to*to)
	scale := float64(from) / float64(to)
	at := func(i int) (lo, hi int, f float32) {
		p := max((float64(i)+0.5)*scale-0.5, 0)
		lo = min(int(p), from-1)
		return lo, min(lo+1, from-1), float32(p - float64(lo))
	}
	for y := range to {
		y0, y1, fy := at(y)
		for x := range to {
			x0, x1, fx := at(x)
			top := src[y0*from+x0]*(1-fx) + src[y0*from+x1]*fx
			low := src[y1*from+x0]*(1-fx) + src[y1*from+x1]*fx
			dst[y*to+x] = top*(1-fy) + low*fy
		}
	}
	return dst
}
