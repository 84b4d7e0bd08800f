// Package thaw fine-tunes pretrained models by a phase schedule. It joins the
// packages below it for those who do not want to: Defaults holds the built-in
// components, Load makes a run of configuration files, LoadSchedule reads a
// schedule.
package thaw

import (
	"fmt"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/metric"
	"github.com/thaw-go/thaw/model"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
)

// Components are what a run can choose by name. Add to a copy of the defaults
// to register components of your own.
type Components struct {
	Optimizers   *optim.Catalog
	LRSchedulers *lrsched.Catalog
	Models       *registry.Set[model.Image]
	Metrics      *registry.Set[metric.Constructor]
}

// Defaults are the built-in components.
func Defaults() Components {
	return Components{optim.Builtin(), lrsched.Builtin(), model.Images(), metric.Builtin()}
}

// Ptr is a pointer to v, for optional settings.
func Ptr[T any](v T) *T { return &v }

// LoadSchedule reads a fine-tuning schedule from a YAML file.
func LoadSchedule(file string) (*schedule.Schedule, error) {
	n, err := config.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, found := schedule.Parse(n)
	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("reading the schedule: %w", err)
	}
	return s, nil
}

// ParseSchedule reads a fine-tuning schedule from YAML text; name stands for
// the file in messages.
func ParseSchedule(name, text string) (*schedule.Schedule, error) {
	n, err := config.ParseYAML(name, []byte(text))
	if err != nil {
		return nil, err
	}
	s, found := schedule.Parse(n)
	return s, found.Err()
}
