package optim

// Adadelta is torch.optim.Adadelta (Zeiler, ADADELTA: An Adaptive Learning Rate
// Method, 2012): v = ρ·v + (1−ρ)·g², Δ = √(u+eps)/√(v+eps)·g,
// u = ρ·u + (1−ρ)·Δ², w −= lr·Δ.
type Adadelta struct {
	LR          float64 `json:"lr" doc:"factor of the update, not negative"`
	Rho         float64 `json:"rho" doc:"decay of the averages of squares, in [0,1]"`
	Eps         float64 `json:"eps" doc:"added under both roots, not negative"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	Maximize    bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultAdadelta is torch's defaults.
func DefaultAdadelta() Adadelta { return Adadelta{LR: 1, Rho: .9, Eps: 1e-6} }

var adadeltaEntry = entry{
	name: "Adadelta", rule: DefaultAdadelta(), doc: "updates as large as the last ones were",
	formula: "v = ρ·v + (1−ρ)·g²; Δ = √(u+eps)/√(v+eps)·g; u = ρ·u + (1−ρ)·Δ²; w −= lr·Δ", source: "torch.optim.Adadelta; Zeiler 2012",
}

// Check implements Rule.
func (o Adadelta) Check() error {
	if err := checkRate(o.LR, 0); err != nil {
		return err
	}
	if !(o.Rho >= 0 && o.Rho <= 1) {
		return outside("rho value", o.Rho, "rho must be in [0,1]")
	}
	return firstOf(checkEps(o.Eps), checkRate(0, o.WeightDecay))
}

// Layout implements Rule.
func (o Adadelta) Layout([]int) Layout { return tensors("square_avg", "acc_delta") }

// Switches implements Switched.
func (o Adadelta) Switches() []string { return []string{"capturable", "foreach", "differentiable"} }

// Update32 implements Updater.
func (o Adadelta) Update32(c *Cell[float32]) { adadelta(&o, c) }

// Update64 implements Updater.
func (o Adadelta) Update64(c *Cell[float64]) { adadelta(&o, c) }

func adadelta[T Float](o *Adadelta, c *Cell[T]) {
	lr, keep, add := T(o.LR), T(o.Rho), T(1-o.Rho)
	eps, wd, sign := T(o.Eps), T(o.WeightDecay), signed[T](o.Maximize)
	w, v, u := c.W, c.S[0], c.S[1]
	for i, d := range c.G {
		d = penalised(sign*d, wd, w[i])
		v[i] = keep*v[i] + add*d*d
		delta := sqrt(u[i]+eps) / sqrt(v[i]+eps) * d
		u[i] = keep*u[i] + add*delta*delta
		w[i] -= lr * delta
	}
}
