package schedule

import (
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/param"
)

// Default generates finetuning-scheduler's default schedule: from the last
// parameter to the first, two a phase. It looks at nothing but the order.
func Default(infos []param.Info) *Schedule {
	names := trainableNames(infos)
	slices.Reverse(names)
	s := &Schedule{Name: "default", Generated: true}
	for i := 0; i < len(names); i += 2 {
		s.add(names[i:min(i+2, len(names))])
	}
	return s
}

// ByBlock generates a schedule that thaws one block of the model a phase, from
// the output to the input. A model without blocks is taken by modules.
func ByBlock(infos []param.Info) *Schedule {
	s := &Schedule{Name: "by_block", Generated: true}
	for _, names := range blocks(infos) {
		s.add(names)
	}
	return s
}

// add appends a phase with the given names.
func (s *Schedule) add(names []string) *PhaseSpec {
	ph := PhaseSpec{Key: len(s.Phases)}
	for _, n := range names {
		ph.Params = append(ph.Params, Entry{Text: n})
	}
	s.Phases = append(s.Phases, ph)
	return &s.Phases[len(s.Phases)-1]
}

func trainableNames(infos []param.Info) []string {
	var names []string
	for _, i := range param.Trainable(infos) {
		names = append(names, i.Name)
	}
	return names
}

// blocks groups the parameters by their owner, from the output to the input,
// each in registration order.
func blocks(infos []param.Info) [][]string {
	var out [][]string
	at := map[string]int{}
	for _, i := range param.Trainable(infos) {
		who := owner(i)
		if i.Block >= 0 && (i.Block > 0 || i.BlockName != "") {
			who = "block " + strconv.Itoa(i.Block)
		}
		k, ok := at[who]
		if !ok {
			k = len(out)
			at[who] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], i.Name)
	}
	slices.Reverse(out)
	return out
}

// owner is the module that a parameter belongs to.
func owner(i param.Info) string {
	if i.Module != "" {
		return i.Module
	}
	return i.Name[:max(strings.LastIndexByte(i.Name, '.'), 0)]
}
