package optim

// Lion is pytorch_optimizer.Lion (Chen et al., Symbolic Discovery of
// Optimization Algorithms, 2023): w −= lr·sign(β1·m + (1−β1)·g), m = β2·m +
// (1−β2)·g; decoupled weight decay first, unless weight_decouple is off.
type Lion struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"share of the momentum in the direction, and of it that is kept, each in [0,1)"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool       `json:"fixed_decay" doc:"decay independently of the learning rate"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultLion is pytorch_optimizer's defaults.
func DefaultLion() Lion { return Lion{LR: 1e-4, Betas: [2]float64{.9, .99}, Decouple: true} }

var lionEntry = entry{
	name: "Lion", rule: DefaultLion(), doc: "the sign of a momentum",
	formula: "w −= lr·sign(β1·m + (1−β1)·g); m = β2·m + (1−β2)·g",
	source:  "Chen et al., Symbolic Discovery of Optimization Algorithms, 2023", paths: []string{"pytorch_optimizer.Lion"},
}

// Check implements Rule.
func (o Lion) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o Lion) Layout([]int) Layout { return tensors("exp_avg") }

// Update32 implements Updater.
func (o Lion) Update32(c *Cell[float32]) { lion(&o, c) }

// Update64 implements Updater.
func (o Lion) Update64(c *Cell[float64]) { lion(&o, c) }

func lion[T Float](o *Lion, c *Cell[T]) {
	k1, a1, k2, a2 := T(o.Betas[0]), T(1-o.Betas[0]), T(o.Betas[1]), T(1-o.Betas[1])
	lr, up := T(o.LR), signed[T](o.Maximize)
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	w, m := c.W, c.S[0]
	for i, g := range c.G {
		g = penalised(up*g, wd, w[i])
		w[i] = w[i]*decay - lr*sign(k1*m[i]+a1*g)
		m[i] = k2*m[i] + a2*g
	}
}

// decayed is how pytorch_optimizer's rules decay weights.
type decayed struct {
	lr, wd                  float64
	decouple, independently bool
}

// decoupled is the factor of the weights and the L2 penalty that a decay means.
func decoupled[T Float](d decayed) (factor, penalty T) {
	switch {
	case !d.decouple:
		return 1, T(d.wd)
	case d.independently:
		return T(1 - d.wd), 0
	}
	return T(1 - d.lr*d.wd), 0
}
