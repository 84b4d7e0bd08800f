package demo

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Fashion reads one split ("train" or "t10k") of Fashion-MNIST from the folder
// of gzipped IDX files that Debian's dataset-fashion-mnist installs.
func Fashion(dir, split string) (Images, error) {
	pixels, dims, err := readIDX(filepath.Join(dir, split+"-images-idx3-ubyte.gz"), 3)
	if err != nil {
		return Images{}, err
	}
	labels, ldims, err := readIDX(filepath.Join(dir, split+"-labels-idx1-ubyte.gz"), 1)
	if err != nil {
		return Images{}, err
	}
	if dims[1] != dims[2] || ldims[0] != dims[0] {
		return Images{}, fmt.Errorf("reading %s: images %v and labels %v do not fit", dir, dims, ldims)
	}
	out := Images{Size: dims[1]}
	n := dims[1] * dims[2]
	for i := range dims[0] {
		p := make([]float32, n)
		for j, b := range pixels[i*n : (i+1)*n] {
			p[j] = float32(b) / 255
		}
		out.Pixels = append(out.Pixels, p)
		out.Labels = append(out.Labels, int64(labels[i]))
	}
	return out, nil
}

// readIDX reads an IDX file of unsigned bytes with the given number of axes.
func readIDX(name string, axes int) ([]byte, []int, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%w\n    hint: apt-get install dataset-fashion-mnist, or name its folder", err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", name, err)
	}
	head := make([]byte, 4+4*axes)
	if _, err := io.ReadFull(zr, head); err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if head[2] != 8 || int(head[3]) != axes {
		return nil, nil, fmt.Errorf("reading %s: not an IDX file of bytes with %d axes", name, axes)
	}
	dims, total := make([]int, axes), 1
	for i := range dims {
		d := binary.BigEndian.Uint32(head[4+4*i:])
		if d > 1<<20 {
			return nil, nil, fmt.Errorf("reading %s: an axis of %d", name, d)
		}
		dims[i] = int(d)
		total *= dims[i]
	}
	data, err := io.ReadAll(io.LimitReader(zr, int64(total)+1))
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(data) != total {
		return nil, nil, fmt.Errorf("reading %s: %d bytes of data, expected %d", name, len(data), total)
	}
	return data, dims, nil
}
