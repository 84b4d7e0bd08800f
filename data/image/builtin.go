package image

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/registry"
)

// Kind makes a transform with its defaults: a pointer to a struct whose tags
// `config:"…"` name its arguments.
type Kind func() Transform

// torchvision is where the same transforms stand there.
const torchvision = "torchvision.transforms."

// Builtin is the set of built-in transforms.
func Builtin() *registry.Set[Kind] {
	s := registry.NewSet[Kind]("transform")
	add := func(name, doc string, k Kind) {
		if err := s.Add(registry.Entry[Kind]{Name: name, Doc: doc, Value: k, Aliases: []string{torchvision + registry.Fold(name)}}); err != nil {
			panic(err) // two built-in transforms of one name: a programmer's error
		}
	}
	add("resize", "resize to size, or to a shorter side of short", func() Transform { return &Resize{Interpolation: Bilinear} })
	add("center_crop", "cut out the middle", func() Transform { return &CenterCrop{} })
	add("random_crop", "pad, then cut out a random place", func() Transform { return &RandomCrop{} })
	add("random_resized_crop", "cut out a random part and resize it", func() Transform {
		return &RandomResizedCrop{Scale: Range{0.08, 1}, Ratio: Range{3. / 4, 4. / 3}, Interpolation: Bilinear}
	})
	add("random_horizontal_flip", "mirror left and right", func() Transform { return &RandomHorizontalFlip{P: 0.5} })
	add("random_vertical_flip", "mirror top and bottom", func() Transform { return &RandomVerticalFlip{P: 0.5} })
	add("random_affine", "turn, shift, scale and shear", func() Transform { return &RandomAffine{Interpolation: Nearest} })
	add("color_jitter", "change brightness, contrast, saturation and hue", func() Transform { return &ColorJitter{} })
	add("grayscale", "keep the luma", func() Transform { return &Grayscale{Channels: 1} })
	return s
}

// Build makes a pipeline of components as a configuration lists them: names of
// the set, then at most one to_tensor and one normalize.
func Build(set *registry.Set[Kind], list []config.Component) (*Pipeline, error) {
	var transforms []Transform
	var norm Normalize
	last := ""
	for _, c := range list {
		switch name := registry.Fold(strings.TrimPrefix(c.Name, torchvision)); {
		case name == "totensor" && last == "", name == "normalize" && registry.Fold(last) != "normalize":
			last = strings.TrimPrefix(c.Name, torchvision)
			var args any = &norm
			if name == "totensor" {
				args = &struct{}{}
			}
			if err := into(c, args); err != nil {
				return nil, err
			}
			if err := norm.check(); err != nil {
				return nil, at(c, err)
			}
			continue
		case last != "":
			return nil, at(c, fmt.Errorf("%s comes after %s; the list ends with to_tensor and normalize, once each", c.Name, last))
		}
		e, err := set.Find(c.Name)
		if err != nil {
			return nil, at(c, err)
		}
		t := e.Value()
		if err := into(c, t); err != nil {
			return nil, err
		}
		if err := checked(t); err != nil {
			return nil, at(c, fmt.Errorf("%s: %w", e.Name, err))
		}
		transforms = append(transforms, t)
	}
	return NewPipeline(norm, transforms...)
}

// into sets a transform's arguments.
func into(c config.Component, t any) error {
	switch {
	case c.ArgsNode != nil:
		return config.Decode(c.ArgsNode, t)
	case len(c.Args) == 0:
		return nil
	}
	// Made in Go: JSON is YAML, too.
	text, err := json.Marshal(c.Args)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	n, err := config.ParseYAML(c.Name, text)
	if err != nil {
		return err
	}
	return config.Decode(n, t)
}

// at says where a component was written.
func at(c config.Component, err error) error {
	if c.Node != nil {
		return c.Node.Errorf("", "%v", err)
	}
	return err
}
