package optim

import "errors"

// LBFGS is torch.optim.LBFGS (Liu and Nocedal, On the Limited Memory BFGS Method
// for Large Scale Optimization, 1989): each step makes up to max_iter iterations
// w += t·d with d = −H·g, where the two-loop recursion applies the inverse
// Hessian H that the last history_size changes of gradient and weights stand
// for; t is lr, or found by a line search for the strong Wolfe conditions. It
// evaluates the model several times in a step (see Optimizer.StepClosure), and
// has a single group. It begins anew when the parameters of its group change.
type LBFGS struct {
	LR              float64 `json:"lr" doc:"length of a step, not negative"`
	MaxIter         int     `json:"max_iter" doc:"iterations in a step"`
	MaxEval         *int    `json:"max_eval" doc:"evaluations in a step; null: max_iter·5/4"`
	ToleranceGrad   float64 `json:"tolerance_grad" doc:"end when no element of the gradient is larger"`
	ToleranceChange float64 `json:"tolerance_change" doc:"end when neither weights nor loss change by more"`
	HistorySize     int     `json:"history_size" doc:"changes that are remembered"`
	LineSearch      string  `json:"line_search_fn" doc:"strong_wolfe, or null for steps of lr"`
	Maximize        bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultLBFGS is torch's defaults.
func DefaultLBFGS() LBFGS {
	return LBFGS{LR: 1, MaxIter: 20, ToleranceGrad: 1e-7, ToleranceChange: 1e-9, HistorySize: 100}
}

var lbfgsEntry = entry{
	name: "LBFGS", rule: DefaultLBFGS(), doc: "limited-memory BFGS, with strong Wolfe line search",
	formula: "d = −H·g by the two-loop recursion; w += t·d", source: "torch.optim.LBFGS; Liu and Nocedal 1989",
}

// Check implements Rule. Like torch, it leaves the rest to the first step.
func (o LBFGS) Check() error { return checkRate(o.LR, 0) }

// Layout implements Rule: the most that a parameter's state grows to.
func (o LBFGS) Layout([]int) Layout {
	l := tensors("d", "prev_flat_grad")
	l.Counter = Uncounted
	for i := range max(0, o.HistorySize) {
		l.Tensors = append(l.Tensors, historyTensors(i)...)
	}
	return l
}

// evaluations is the limit of a step.
func (o *LBFGS) evaluations() int {
	if o.MaxEval != nil {
		return *o.MaxEval
	}
	return o.MaxIter * 5 / 4
}

var errLineSearch = errors.New("only 'strong_wolfe' is supported")

// lbfgsRun is a step's work on the flat vector of all parameters.
type lbfgsRun[T Float] struct {
	*LBFGS
	lbfgsMemory[T]
	// at gives loss and gradient for the weights as they are; the gradient is
	// only valid until the next call.
	at func() (loss float64, g []T, err error)
	// move adds t·d to the weights; put sets them.
	move func(t float64, d []T)
	// weights copies them.
	weights func() []T
	put     func(w []T)
}

// lbfgsMemory is what is kept from iteration to iteration and step to step.
type lbfgsMemory[T Float] struct {
	iterations, evaluated int
	d, prev               []T
	// dirs and steps are the changes of the gradient and of the weights, oldest
	// first; ro are 1/(dir·step), al the weights of the last recursion.
	dirs, steps   [][]T
	ro, al        []float64
	scale         float64
	t, previously float64
}

// step makes a step's iterations and returns the loss before them.
func (r *lbfgsRun[T]) step() (float64, error) {
	first, g, err := r.at()
	if err != nil {
		return 0, err
	}
	r.evaluated++
	if largest(g) <= r.ToleranceGrad {
		return first, nil
	}
	g = append([]T{}, g...)
	loss, evals := first, 1
	for n := 1; n <= r.MaxIter; n++ {
		r.iterations++
		r.direction(g)
		copy(r.prev, g)
		r.previously = loss
		r.t = r.LR
		if r.iterations == 1 {
			r.t = min(1, 1/sumAbs(g)) * r.LR
		}
		slope := dot(g, r.d)
		if slope > -r.ToleranceChange {
			break
		}
		var used int
		if loss, used, err = r.advance(linePoint[T]{t: r.t, f: loss, g: g, slope: slope}, n == r.MaxIter); err != nil {
			return first, err
		}
		evals += used
		r.evaluated += used
		if n == r.MaxIter || evals >= r.evaluations() || largest(g) <= r.ToleranceGrad ||
			largest(r.d)*abs(r.t) <= r.ToleranceChange || abs(loss-r.previously) < r.ToleranceChange {
			break
		}
	}
	return first, nil
}

// advance moves along d from a point, whose gradient becomes that of the end,
// and returns the loss there and how often it was evaluated. The last
// iteration without line search does not evaluate.
func (r *lbfgsRun[T]) advance(from linePoint[T], last bool) (float64, int, error) {
	switch r.LineSearch {
	case "strong_wolfe":
		end, used, err := r.strongWolfe(from)
		if err != nil {
			return 0, 0, err
		}
		r.t = end.t
		copy(from.g, end.g)
		r.move(r.t, r.d)
		return end.f, used, nil
	case "":
		r.move(r.t, r.d)
		if last {
			return from.f, 0, nil
		}
		loss, g, err := r.at()
		copy(from.g, g)
		return loss, 1, err
	}
	return 0, 0, errLineSearch
}

// direction updates the memory by the gradient g and makes d of it.
func (r *lbfgsRun[T]) direction(g []T) {
	if r.iterations == 1 {
		r.lbfgsMemory = lbfgsMemory[T]{
			iterations: 1, evaluated: r.evaluated, scale: 1,
			d: make([]T, len(g)), prev: make([]T, len(g)),
		}
		for i, v := range g {
			r.d[i] = -v
		}
		return
	}
	r.remember(g)
	for i, v := range g {
		r.d[i] = -v
	}
	r.al = make([]float64, len(r.dirs))
	for i := len(r.dirs) - 1; i >= 0; i-- {
		r.al[i] = dot(r.steps[i], r.d) * r.ro[i]
		addScaled(r.d, r.dirs[i], -r.al[i])
	}
	for i := range r.d {
		r.d[i] *= T(r.scale)
	}
	for i := range r.dirs {
		addScaled(r.d, r.steps[i], r.al[i]-dot(r.dirs[i], r.d)*r.ro[i])
	}
}

// remember stores the last change, if the curvature along it is positive, in
// place of the oldest where the memory is full.
func (r *lbfgsRun[T]) remember(g []T) {
	if r.HistorySize <= 0 {
		return
	}
	dir, step := make([]T, len(g)), make([]T, len(g))
	for i, v := range g {
		dir[i] = v - r.prev[i]
		step[i] = r.d[i] * T(r.t)
	}
	curvature := dot(dir, step)
	if curvature <= 1e-10 {
		return
	}
	if len(r.dirs) >= r.HistorySize {
		r.dirs, r.steps, r.ro = r.dirs[1:], r.steps[1:], r.ro[1:]
	}
	r.dirs, r.steps, r.ro = append(r.dirs, dir), append(r.steps, step), append(r.ro, 1/curvature)
	r.scale = curvature / sumSquares(dir)
}

// largest is the largest absolute value; NaN if there is one.
func largest[T Float](x []T) float64 {
	var most float64
	for _, v := range x {
		most = max(most, abs(float64(v)))
	}
	return most
}

func sumAbs[T Float](x []T) float64 {
	var s float64
	for _, v := range x {
		s += abs(float64(v))
	}
	return s
}

// addScaled adds a·y to x.
func addScaled[T Float](x, y []T, a float64) {
	f := T(a)
	for i, v := range y {
		x[i] += f * v
	}
}
