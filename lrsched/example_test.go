package lrsched_test

import (
	"fmt"

	"github.com/thaw-go/thaw/lrsched"
)

// A scheduler is chosen by name, resolved, built over the optimizer's groups,
// and stepped.
func Example() {
	r, err := lrsched.Builtin().Resolve(lrsched.Named("linear_schedule_with_warmup", lrsched.Args{"num_warmup_steps": 0.25}))
	if err != nil {
		fmt.Println(err)
		return
	}
	table := lrsched.NewTable(1e-3)
	budget := lrsched.Budget{TotalSteps: 8}
	s, err := r.Build(table, budget, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Name, "by", r.Config.Interval)
	for range 8 {
		fmt.Printf("%.2g ", table.Groups[0].LR)
		if err := s.Step(table); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// linear_schedule_with_warmup by step
	// 0 0.0005 0.001 0.00083 0.00067 0.0005 0.00033 0.00017
}

// A Go value is as good as a name.
func ExampleUse() {
	r, err := lrsched.Builtin().Resolve(lrsched.Use(lrsched.StepLR{StepSize: 2, Gamma: 0.1}))
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, err := r.Trace(lrsched.NewTable(0.1), lrsched.Budget{}, 4)
	for _, row := range rows {
		fmt.Printf("%.3g ", row[0])
	}
	fmt.Println(err)
	// Output:
	// 0.1 0.1 0.01 0.01 0.001 <nil>
}
