package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"testing"

	"github.com/thaw-go/thaw/engine/native"
)

// TestThreadsDoNotMatter: whole training steps of a network of convolutions and
// of one with attention leave the same bits in every weight with any number of
// threads.
func TestThreadsDoNotMatter(t *testing.T) {
	for _, c := range []training{
		picture("resnet20", 8, 16),
		{model: "blocks", input: []int{4, 64, 128}, classes: 4, layers: 2, heads: 4, build: newBlocks},
	} {
		var want string
		for _, threads := range []int{1, 2, 64} {
			got := weightsAfter(t, c, threads)
			if threads == 1 {
				want = got
			} else if got != want {
				t.Errorf("%s: %d threads give other weights than 1", c.model, threads)
			}
		}
	}
}

// weightsAfter is a digest of all weights after three steps, and the loss.
func weightsAfter(t *testing.T, c training, threads int) string {
	t.Helper()
	e, err := native.New(native.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	x, err := c.bout("test", c.model).ours(e)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := x.close(); err != nil {
			t.Error(err)
		}
	}()
	for range 3 {
		if _, err := x.step(false); err != nil {
			t.Fatal(err)
		}
	}
	s, digest := x.(*trainingSide), fnv.New64a()
	for _, p := range s.net.Params().All() {
		if p.DType == "f32" {
			fmt.Fprintf(digest, "%x", p.Tensor.Float32s())
		}
	}
	_, _ = io.WriteString(digest, fmt.Sprint(s.loss))
	return fmt.Sprintf("%x, loss %v", digest.Sum64(), s.loss)
}
