package thaw_test

import (
	"path/filepath"
	"testing"

	"github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/safetensors"
)

// TestBlocksOfAWeightFile: a model that is only known by its names has blocks by
// their numbers.
func TestBlocksOfAWeightFile(t *testing.T) {
	want := map[string]string{
		"bert.embeddings.word_embeddings.weight":          "bert.embeddings",
		"bert.embeddings.LayerNorm.weight":                "bert.embeddings",
		"bert.encoder.layer.0.attention.self.key.weight":  "bert.encoder.layer.0",
		"bert.encoder.layer.10.attention.self.key.weight": "bert.encoder.layer.10",
		"bert.pooler.dense.weight":                        "bert.pooler",
		"classifier.weight":                               "classifier",
	}
	var entries []safetensors.Entry
	for name := range want {
		entries = append(entries, safetensors.Floats(name, safetensors.F32, []int{2}, []float32{1, 2}))
	}
	file := filepath.Join(t.TempDir(), "model.safetensors")
	if err := safetensors.Save(file, nil, entries); err != nil {
		t.Fatal(err)
	}
	o, err := thaw.NewOutline(thaw.OutlineOptions{Model: file}, thaw.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[int]string{}
	for _, p := range o.Params {
		if name := p.Name[len("model."):]; p.BlockName != want[name] {
			t.Errorf("%s is in block %q, wanted %q", name, p.BlockName, want[name])
		}
		if other, ok := blocks[p.Block]; ok && other != p.BlockName {
			t.Errorf("blocks %q and %q have the number %d", other, p.BlockName, p.Block)
		}
		blocks[p.Block] = p.BlockName
	}
	if len(blocks) != 5 {
		t.Errorf("%d blocks, wanted 5: %v", len(blocks), blocks)
	}
}
