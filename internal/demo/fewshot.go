package demo

import (
	"slices"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/rng"
)

// fewShot splits pictures by seed: perClass of each class to learn from, the
// rest to test on. Which pictures are drawn depends on the seed alone.
func fewShot(all Images, perClass int, seed uint64) (train, test Images) {
	order := make([]int, len(all.Labels))
	for i := range order {
		order[i] = i
	}
	s := rng.New(seed, rng.Name("few-shot split"))
	s.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	taken := map[int64]int{}
	train.Size, test.Size = all.Size, all.Size
	var learn, rest []int
	for _, i := range order {
		if l := all.Labels[i]; taken[l] < perClass {
			taken[l]++
			learn = append(learn, i)
		} else {
			rest = append(rest, i)
		}
	}
	slices.Sort(learn)
	slices.Sort(rest)
	return all.pick(learn), all.pick(rest)
}

func (m Images) pick(at []int) Images {
	out := Images{Size: m.Size}
	for _, i := range at {
		out.Pixels = append(out.Pixels, m.Pixels[i])
		out.Labels = append(out.Labels, m.Labels[i])
	}
	return out
}

// resized gives all pictures another size.
func (m Images) resized(size int) Images {
	out := Images{Size: size, Labels: m.Labels}
	for _, p := range m.Pixels {
		out.Pixels = append(out.Pixels, resize(p, m.Size, size))
	}
	return out
}

// first keeps at most n pictures.
func (m Images) first(n int) Images {
	n = min(n, len(m.Labels))
	return Images{Size: m.Size, Pixels: m.Pixels[:n], Labels: m.Labels[:n]}
}

// dataset makes the pictures a dataset, normalised by mean and std.
func (m Images) dataset(mean, std float32) (*data.Arrays, error) {
	n := m.Size * m.Size
	flat := make([]float32, 0, len(m.Pixels)*n)
	for _, p := range m.Pixels {
		for _, v := range p {
			flat = append(flat, (v-mean)/std)
		}
	}
	return data.NewArrays(map[string]data.Array{
		"pixel_values": data.Floats(flat, len(m.Pixels), 1, m.Size, m.Size),
		"labels":       data.Ints(m.Labels, len(m.Labels)),
	})
}
