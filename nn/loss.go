package nn

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tensor"
)

// Loss compares a network's output with the target.
type Loss func(t *tensor.Tape, out, target *tensor.Tensor) *tensor.Tensor

// LossBuilder makes a loss of torch's arguments.
type LossBuilder func(args registry.Args) (Loss, error)

// Losses are the losses by name. All take reduction: mean (the default), sum or
// none.
func Losses() *registry.Set[LossBuilder] {
	set := registry.NewSet[LossBuilder]("loss")
	for _, l := range []struct {
		name, class, doc string
		build            func(*lossArgs) Loss
	}{
		{"cross_entropy", "CrossEntropyLoss", "−log softmax at the target class; weight, label_smoothing, ignore_index", crossEntropy},
		{"bce_with_logits", "BCEWithLogitsLoss", "binary cross-entropy of a sigmoid; weight, pos_weight", bceWithLogits},
		{"mse", "MSELoss", "squared error", simpleLoss((*tensor.Tape).MSE)},
		{"l1", "L1Loss", "absolute error", simpleLoss((*tensor.Tape).L1)},
		{"smooth_l1", "SmoothL1Loss", "squared error near zero, absolute beyond beta (1)", smoothL1},
		{"huber", "HuberLoss", "squared error near zero, absolute beyond delta (1)", huber},
		{"kl_div", "KLDivLoss", "Kullback-Leibler divergence of log-probabilities; reduction may be batchmean; log_target", klDiv},
	} {
		err := set.Add(registry.Entry[LossBuilder]{
			Name: l.name, Aliases: []string{l.class, "torch.nn." + l.class, l.name + "_loss"}, Doc: l.doc,
			Value: func(args registry.Args) (Loss, error) {
				a := newLossArgs(l.name, args)
				loss := l.build(a)
				return loss, a.done()
			},
		})
		if err != nil {
			panic(err)
		}
	}
	return set
}

func crossEntropy(a *lossArgs) Loss {
	o := tensor.CrossEntropyOptions{Smoothing: a.number("label_smoothing", 0), Reduction: a.reduction()}
	weight := a.numbers("weight")
	ignore := int64(a.integer("ignore_index", -100))
	o.IgnoreIndex = &ignore
	if !(o.Smoothing >= 0 && o.Smoothing <= 1) {
		a.failf("label_smoothing", "%v is not in [0, 1]", o.Smoothing)
	}
	return func(t *tensor.Tape, out, target *tensor.Tensor) *tensor.Tensor {
		o := o
		o.Weight = vector(t, weight)
		return t.CrossEntropy(out, target, o)
	}
}

func bceWithLogits(a *lossArgs) Loss {
	weight, pos, r := a.numbers("weight"), a.numbers("pos_weight"), a.reduction()
	return func(t *tensor.Tape, out, target *tensor.Tensor) *tensor.Tensor {
		return t.BCEWithLogits(out, target, tensor.BCEOptions{Weight: vector(t, weight), PosWeight: vector(t, pos), Reduction: r})
	}
}

// vector puts constants on the tape; none is nil.
func vector(t *tensor.Tape, values []float64) *tensor.Tensor {
	if values == nil {
		return nil
	}
	return t.FromF64(engine.Of(len(values)), values)
}

func simpleLoss(f func(*tensor.Tape, *tensor.Tensor, *tensor.Tensor, tensor.Reduction) *tensor.Tensor) func(*lossArgs) Loss {
	return func(a *lossArgs) Loss {
		r := a.reduction()
		return func(t *tensor.Tape, out, target *tensor.Tensor) *tensor.Tensor { return f(t, out, target, r) }
	}
}

func smoothL1(a *lossArgs) Loss {
	beta, r := a.number("beta", 1), a.reduction()
	if !(beta >= 0) {
		a.failf("beta", "%v is negative", beta)
	}
	return func(t *tensor.Tape, out, target *tensor.Tensor) *tensor.Tensor {
		return t.SmoothL1(out, target, beta, r)
	}
}

func huber(a *lossArgs) Loss {
	delta, r := a.number("delta", 1), a.reduction()
	if !(delta > 0) {
		a.failf("delta", "%v is not positive", delta)
	}
	return func(t *tensor.Tape, out, target *tensor.Tensor) *tensor.Tensor {
		return t.Huber(out, target, delta, r)
	}
}

func klDiv(a *lossArgs) Loss {
	logTarget := a.bool("log_target")
	perSample := a.take("reduction", "batchmean")
	r := tensor.Sum
	if !perSample {
		r = a.reduction()
	}
	return func(t *tensor.Tape, out, target *tensor.Tensor) *tensor.Tensor {
		if logTarget {
			target = t.Exp(target)
		}
		loss := t.KLDiv(out, target, r)
		if perSample {
			loss = t.Scale(loss, 1/float64(out.Dim(0)), 0)
		}
		return loss
	}
}
