// Command thaw fine-tunes pretrained models by a phase schedule.
package main

import (
	"os"

	"github.com/thaw-go/thaw/internal/cli"
)

func main() {
	os.Exit(cli.Main(cli.System()))
}
