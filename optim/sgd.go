package optim

import "errors"

// SGD is torch.optim.SGD: g = ±∇ + wd·w; with momentum μ the first step takes
// buf = g, later ones buf = μ·buf + (1−dampening)·g; the direction is buf, or
// g + μ·buf with Nesterov (Sutskever et al., On the importance of
// initialization and momentum in deep learning, 2013); w −= lr·direction.
type SGD struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept"`
	Dampening   float64 `json:"dampening" doc:"share of the gradient that momentum leaves out"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	Nesterov    bool    `json:"nesterov" doc:"look ahead along the momentum"`
	Maximize    bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultSGD is torch's defaults.
func DefaultSGD() SGD { return SGD{LR: 1e-3} }

// Check implements Rule.
func (o SGD) Check() error {
	if err := common(o.LR, o.WeightDecay); err != nil {
		return err
	}
	if o.Momentum < 0 {
		return invalid("momentum value", o.Momentum)
	}
	if o.Nesterov && (o.Momentum <= 0 || o.Dampening != 0) {
		return errors.New("nesterov momentum requires a momentum and zero dampening")
	}
	return nil
}

// Slots implements Rule.
func (o SGD) Slots() []string {
	if o.Momentum == 0 {
		return nil
	}
	return []string{"momentum_buffer"}
}

// WithLR implements Rule.
func (o SGD) WithLR(lr float64) Rule { o.LR = lr; return o }

// WithMomentum implements Rule.
func (o SGD) WithMomentum(m float64) Rule { o.Momentum = m; return o }

func (o SGD) update32(w, g []float32, s [][]float32, t int) { sgd(o, w, g, s, t) }
func (o SGD) update64(w, g []float64, s [][]float64, t int) { sgd(o, w, g, s, t) }

func sgd[T element](o SGD, w, g []T, s [][]T, t int) {
	lr, wd, mu, damp := T(o.LR), T(o.WeightDecay), T(o.Momentum), T(1-o.Dampening)
	sign := T(1)
	if o.Maximize {
		sign = -1
	}
	if len(s) == 0 {
		for i, d := range g {
			d = sign*d + wd*w[i]
			w[i] -= lr * d
		}
		return
	}
	buf := s[0]
	for i, d := range g {
		d = sign*d + wd*w[i]
		if t == 1 {
			buf[i] = d
		} else {
			buf[i] = mu*buf[i] + damp*d
		}
		if o.Nesterov {
			d += mu * buf[i]
		} else {
			d = buf[i]
		}
		w[i] -= lr * d
	}
}
