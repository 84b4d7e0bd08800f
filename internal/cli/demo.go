package cli

import (
	"context"
	"os"

	thaw "github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/internal/demo"
)

type demoCmd struct {
	Seeds    int `default:"0" help:"Splits and initialisations to average over; 0: five, or three on the reference engine." placeholder:"N"`
	PerClass int `default:"5" help:"Training pictures of each digit." placeholder:"N"`
	Test     int `default:"500" help:"Pictures to measure on, at most." placeholder:"N"`
}

// Run shows the quickstart.
func (c *demoCmd) Run(ctx context.Context, e *environment) error {
	eng, err := e.engine(0)
	if err != nil {
		return err
	}
	defer eng.Close()
	if c.Seeds == 0 {
		c.Seeds = 5
		if eng.Name() == "reference" {
			c.Seeds = 3
		}
	}
	dir, err := os.MkdirTemp("", "thaw-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	err = demo.Run(ctx, demo.Options{
		Engine: eng, Seeds: c.Seeds, PerClass: c.PerClass, TestImages: c.Test, Dir: dir, Parse: thaw.ParseSchedule, Out: e.Stdout,
	})
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}
