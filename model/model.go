// Package model has architectures by name, with the parameter names of the
// weight files they are published with.
package model

import (
	"fmt"

	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/registry"
)

// Config is what a picture model is made from besides its name.
type Config struct {
	// Channels of the pictures; 0 stands for 3.
	Channels int
	// Classes is the number of logits.
	Classes int
}

// Image is an architecture that classifies pictures.
type Image struct {
	// New registers the network in s.
	New func(s *nn.Scope, c Config) *nn.Network
	// Head is the prefix of the classifier's parameters: what a fresh head
	// replaces.
	Head string
	// Size is the side of the pictures that published weights were trained
	// on, Mean and Std their normalisation.
	Size      int
	Mean, Std [3]float32
}

// ImageNet's channel statistics, which both families were trained with.
var (
	imageNetMean = [3]float32{0.485, 0.456, 0.406}
	imageNetStd  = [3]float32{0.229, 0.224, 0.225}
)

// Images is the set of built-in picture models.
func Images() *registry.Set[Image] {
	s := registry.NewSet[Image]("image model")
	add := func(name, doc string, m Image, aliases ...string) {
		m.Mean, m.Std = imageNetMean, imageNetStd
		if err := s.Add(registry.Entry[Image]{Name: name, Aliases: aliases, Doc: doc, Value: m}); err != nil {
			panic(err) // two built-in models of one name: a programmer's error
		}
	}
	for _, depth := range []int{8, 20, 32, 44, 56} {
		blocks := (depth - 2) / 6
		add(fmt.Sprintf("cifar_resnet%d", depth), fmt.Sprintf("CIFAR ResNet-%d with option-A shortcuts", depth), Image{
			Head: "linear", Size: 32,
			New: func(s *nn.Scope, c Config) *nn.Network {
				return NewCIFARResNet(s, CIFARResNetConfig{Blocks: blocks, Channels: c.channels(), Classes: c.Classes})
			},
		}, fmt.Sprintf("resnet%d", depth))
	}
	for _, r := range []struct {
		name, doc string
		c         ResNetConfig
	}{
		{"resnet18", "torchvision ResNet-18", ResNetConfig{Layers: [4]int{2, 2, 2, 2}}},
		{"resnet34", "torchvision ResNet-34", ResNetConfig{Layers: [4]int{3, 4, 6, 3}}},
		{"resnet50", "torchvision ResNet-50", ResNetConfig{Layers: [4]int{3, 4, 6, 3}, Bottleneck: true}},
		{"resnet101", "torchvision ResNet-101", ResNetConfig{Layers: [4]int{3, 4, 23, 3}, Bottleneck: true}},
		{"resnext50_32x4d", "torchvision ResNeXt-50 32×4d", ResNetConfig{Layers: [4]int{3, 4, 6, 3}, Bottleneck: true, Groups: 32, WidthPerGroup: 4}},
		{"wide_resnet50_2", "torchvision Wide ResNet-50-2", ResNetConfig{Layers: [4]int{3, 4, 6, 3}, Bottleneck: true, WidthPerGroup: 128}},
	} {
		add(r.name, r.doc, Image{
			Head: "fc", Size: 224,
			New: func(s *nn.Scope, c Config) *nn.Network {
				r := r.c
				r.Channels, r.Classes = c.channels(), c.Classes
				return NewResNet(s, r)
			},
		})
	}
	return s
}

func (c Config) channels() int {
	if c.Channels == 0 {
		return 3
	}
	return c.Channels
}
