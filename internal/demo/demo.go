package demo

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"time"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/schedule"
)

// weights are the pretrained network's; see assets/README.md.
//
//go:embed assets/resnet8.safetensors
var weights []byte

// Schedule is what the phased arm trains when: a schedule as a user writes it.
//
//go:embed assets/schedule.yaml
var Schedule string

// Options of a demonstration.
type Options struct {
	Engine engine.Engine
	// Seeds is how many splits and initialisations to average over.
	Seeds int
	// PerClass is the number of training pictures of each digit.
	PerClass int
	// TestImages bounds the pictures that accuracy is measured on.
	TestImages int
	// Dir holds the checkpoints of the phased runs while they last.
	Dir string
	// Parse reads a schedule, which is YAML.
	Parse func(name, text string) (*schedule.Schedule, error)
	// Out is written to.
	Out io.Writer
}

// The settings that all arms share.
const (
	pixels    = 16
	epochs    = 16
	batchSize = 10
	rate      = 3e-3
)

// arm is one of the three ways to train.
type arm struct {
	name       string
	pretrained bool
	phased     bool
}

var arms = []arm{
	{"phased", true, true},
	{"plain", true, false},
	{"scratch", false, false},
}

// Run shows the three arms and ends with the line of their mean accuracies.
func Run(ctx context.Context, o Options) error {
	began := time.Now()
	all, err := Digits(pixels)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "A residual network of 75,002 parameters, pretrained on pictures of clothes (Fashion-MNIST),\n"+
		"learns handwritten digits from %d pictures a class; %d others test it. Engine %s (%s).\n", o.PerClass, min(o.TestImages, len(all.Labels)-10*o.PerClass), o.Engine.Name(), o.Engine.Path())
	sum := map[string]float64{}
	for seed := range o.Seeds {
		for _, a := range arms {
			acc, err := o.train(ctx, a, all, uint64(seed))
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", a.name, seed, err)
			}
			sum[a.name] += acc
		}
	}
	n := float64(o.Seeds)
	fmt.Fprintf(o.Out, "\nmean accuracy over %d seeds, %.1f s\n", o.Seeds, time.Since(began).Seconds())
	fmt.Fprintf(o.Out, "phased %.3f plain %.3f scratch %.3f\n", sum["phased"]/n, sum["plain"]/n, sum["scratch"]/n)
	return nil
}
