package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// checkpointFlag names what is evaluated.
type checkpointFlag struct {
	Checkpoint string `placeholder:"DIR" help:"Checkpoint folder, run folder, or weight file; default: the best of the newest run of this configuration."`
}

type validateCmd struct {
	files
	checkpointFlag
	Split string `enum:"val,test" default:"val" help:"Which data: ${enum}."`
	JSON  bool   `help:"Print the metrics as JSON."`
}

// Run measures.
func (c *validateCmd) Run(ctx context.Context, e *environment) error {
	r, eng, err := e.load(c.files)
	if err != nil {
		return err
	}
	defer eng.Close()
	from, err := r.LoadCheckpoint(c.Checkpoint)
	if err != nil {
		return err
	}
	m, err := r.Evaluate(ctx, eng, e.sink(true), c.Split)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.Stdout).Encode(m)
	}
	fmt.Fprintf(e.Stdout, "%s\n", from)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(e.Stdout, "%-16s %.4f\n", k, m[k])
	}
	return nil
}

type predictCmd struct {
	files
	checkpointFlag
	Output string `enum:"labels,classes,probabilities,logits" default:"labels" help:"What is printed for each picture: ${enum}."`
}

// Run predicts, one line of JSON a sample.
func (c *predictCmd) Run(ctx context.Context, e *environment) error {
	r, eng, err := e.load(c.files)
	if err != nil {
		return err
	}
	defer eng.Close()
	if _, err := r.LoadCheckpoint(c.Checkpoint); err != nil {
		return err
	}
	enc := json.NewEncoder(e.Stdout)
	return r.Predict(ctx, eng, c.Output, func(name string, value any) error {
		return enc.Encode(map[string]any{"sample": name, c.Output: value})
	})
}
