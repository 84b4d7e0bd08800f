package phase

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
)

// initialTable lays out phase 0: in one row, or two with NoDecay, or as the
// user's InitialGroups say. Rows that hold other parameters than phase 0 are
// put right, unless EnforcePhase0Params is off: then they train as they are.
func (c *Config) initialTable(o optimizer, notes *diag.List) ([]Group, error) {
	if c.InitialGroups == nil {
		return c.phaseGroups(o, 0, nil), nil
	}
	var table []Group
	held := map[string]bool{}
	for i, u := range c.InitialGroups {
		g, err := c.userGroup(o, u)
		if err != nil {
			return nil, fmt.Errorf("parameter group %d: %w", i, err)
		}
		for _, n := range g.Params {
			if held[n] {
				return nil, fmt.Errorf("parameter group %d: some parameters appear in more than one parameter group: %s", i, n)
			}
			held[n] = true
		}
		table = append(table, g)
	}
	phase0 := c.params(0)
	foreign, missing := compare(held, phase0)
	if len(foreign) == 0 && len(missing) == 0 {
		return table, nil
	}
	c.reportGroups(foreign, missing, notes)
	if !c.EnforcePhase0Params {
		return table, nil
	}
	var right []Group
	for _, g := range table {
		var keep []string
		for _, n := range g.Params {
			if slices.Contains(phase0, n) {
				keep = append(keep, n)
			}
		}
		if len(keep) > 0 {
			g.Params = keep
			right = append(right, c.split(g)...)
		}
	}
	right = append(right, c.phaseGroups(o, 0, right)...)
	for i := range right {
		right[i].InitialLR = lrsched.At(right[i].LR)
	}
	return right, nil
}

// userGroup makes a row as the user wrote it, its parameters in registration
// order.
func (c *Config) userGroup(o optimizer, u InitialGroup) (Group, error) {
	in := map[string]bool{}
	for _, n := range u.Params {
		in[n] = true
	}
	names := []string{}
	for _, p := range c.Plan.Params() {
		if in[p.Name] {
			names = append(names, p.Name)
			delete(in, p.Name)
		}
	}
	for n := range in {
		return Group{}, fmt.Errorf("the model has no parameter %q", n)
	}
	g := o.group(0, names)
	g.Options = maps.Clone(g.Options)
	for k, v := range plainArgs(u.Options) {
		f, isNumber := number(v)
		switch {
		case k == "lr" && isNumber:
			g.LR = f
		case k == "weight_decay" && isNumber:
			g.WeightDecay = f
		case k == "lr" || k == "weight_decay":
			return Group{}, fmt.Errorf("%s is not a number: %v", k, v)
		default:
			g.Options[k] = v
		}
	}
	return g, nil
}

// compare finds the names that are held beyond phase 0, sorted, and those of
// phase 0 that are not held.
func compare(held map[string]bool, phase0 []string) (foreign, missing []string) {
	in := map[string]bool{}
	for _, n := range phase0 {
		in[n] = true
		if !held[n] {
			missing = append(missing, n)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(held)) {
		if !in[n] {
			foreign = append(foreign, n)
		}
	}
	return foreign, missing
}

func (c *Config) reportGroups(foreign, missing []string, notes *diag.List) {
	what := "they are put right: each group keeps its parameters of phase 0, the missing ones get a group of their own"
	sev := diag.Note
	if !c.EnforcePhase0Params {
		what, sev = "they are left as they are (enforce_phase0_params is off)", diag.Warning
	}
	add := func(msg string) {
		*notes = append(*notes, diag.Finding{Severity: sev, Code: "phase-0-groups", Message: msg + "; " + what})
	}
	if len(foreign) > 0 {
		add("there are parameters in the optimizer that do not require a gradient in phase 0: " + strings.Join(foreign, ", "))
	}
	if len(missing) > 0 {
		add("the optimizer's groups differ from phase 0, please find below a summary of the parameters that are missing: " + strings.Join(missing, ", "))
	}
}
