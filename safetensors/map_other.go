//go:build !unix

package safetensors

import (
	"errors"
	"os"
)

// mapFile maps nothing: tensors are read when asked for. On Windows a mapped
// file could not be replaced by a newer one.
func mapFile(*os.File, int64) ([]byte, func() error, error) {
	return nil, nil, errors.ErrUnsupported
}
