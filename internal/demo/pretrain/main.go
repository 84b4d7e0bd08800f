// Command pretrain makes the weights that the quickstart starts from: a small
// residual network learns Fashion-MNIST, randomly turned, moved and scaled. The
// same command gives the same file, bit for bit, on the same instruction-set
// path.
//
//	apt-get install dataset-fashion-mnist
//	go run ./internal/demo/pretrain
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/internal/demo"
	"github.com/thaw-go/thaw/runlog"
)

func main() {
	o := demo.PretrainOptions{Sink: runlog.NewProgress(os.Stderr, false)}
	flag.StringVar(&o.Data, "data", "/usr/share/datasets/fashion-mnist", "folder of the IDX files")
	flag.StringVar(&o.Out, "out", "internal/demo/assets/resnet8.safetensors", "file to write")
	flag.IntVar(&o.Epochs, "epochs", 3, "passes over the 60,000 pictures")
	flag.Parse()
	e := reference.New(host.Options{})
	defer e.Close()
	o.Engine = e
	if err := demo.Pretrain(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "pretrain:", err)
		os.Exit(1)
	}
}
