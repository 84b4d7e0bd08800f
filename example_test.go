package thaw_test

import (
	"context"
	"fmt"
	"os"

	thaw "github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/data/image"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/trainer"
)

// An image classifier is fine-tuned by a schedule of three phases.
func Example() {
	engine := reference.New(host.Options{})
	defer engine.Close()

	clf, err := task.NewImageClassifier(task.ImageClassifierConfig{
		Engine: engine, Labels: []string{"dark", "light"}, Backbone: "cifar_resnet8",
		Optimization: task.Optimization{
			Optimizer:    registry.Spec{Name: "adam", Args: registry.Args{"amsgrad": true}},
			LearningRate: thaw.Ptr(3e-3),
			LRScheduler:  thaw.Ptr(lrsched.Named("cosine_schedule_with_warmup", lrsched.Args{"num_warmup_steps": 0.1})),
		},
	})
	check(err)

	sched, err := thaw.ParseSchedule("stages.yaml", `
0:
  params: [model.linear.*]
  max_transition_epoch: 1
1:
  params: [model.layer3.*]
  max_transition_epoch: 2
  lr: 1e-3
2:
  params: [rest]
  lr: 1e-4
`)
	check(err)
	plan, found := sched.Resolve(clf.Network().Params().Infos(), schedule.Options{BaseMaxLR: 1e-5}) // names and shapes only
	check(found.Err())
	for i := range plan.Len() {
		fmt.Printf("phase %d thaws %d tensors\n", i, len(plan.Phase(i).Params))
	}

	dir, err := os.MkdirTemp("", "example")
	check(err)
	defer os.RemoveAll(dir)
	config := trainer.DefaultConfig(engine)
	config.MaxEpochs, config.Dir = 4, dir
	tr, err := trainer.New(config)
	check(err)
	keep := phase.DefaultCheckpoint()
	res, err := tr.Fit(context.Background(), clf, pictures(), trainer.Schedule{
		Plan: plan, Options: phase.DefaultOptions(), Checkpoint: &keep,
	}) // cancelled: checkpointed; the same call resumes
	check(err)
	fmt.Println(res.Reason, "in phase", res.Phase)
	// Output:
	// phase 0 thaws 2 tensors
	// phase 1 thaws 6 tensors
	// phase 2 thaws 15 tensors
	// max_epochs 4 is reached in phase 2
}

// pictures are sixteen dark and light squares, for training and validation.
func pictures() trainer.Data {
	var images []image.Image
	var labels []int
	for i := range 16 {
		m := image.New(12, 12, 3)
		for j := range m.Pix {
			m.Pix[j] = byte(50 + 120*(i%2) + (i*j)%40)
		}
		images, labels = append(images, *m), append(labels, i%2)
	}
	p, err := image.NewPipeline(image.Normalize{Mean: image.ImageNetMean, Std: image.ImageNetStd}, &image.RandomHorizontalFlip{P: 0.5})
	check(err)
	set, err := image.NewMemory(images, labels, p)
	check(err)
	loader := func(shuffle bool) *data.Loader {
		l, err := data.NewLoader(set, data.LoaderConfig{Sampler: data.Sampler{BatchSize: 4, Shuffle: shuffle, Seed: 42}})
		check(err)
		return l
	}
	return trainer.Data{Train: loader(true), Val: loader(false)}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
