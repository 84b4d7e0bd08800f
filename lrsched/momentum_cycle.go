package lrsched

import "errors"

// momentumCycle is the part of CyclicLR that swings the momentum; OneCycleLR
// keeps the bounds in the groups.
type momentumCycle struct {
	UseBeta1      bool  `json:"use_beta1"`
	BaseMomentums Reals `json:"base_momentums"`
	MaxMomentums  Reals `json:"max_momentums"`
}

// cycleMomentum sets every group's momentum to its upper bound and records the
// bounds.
func cycleMomentum(s Site, base, top PerGroup) (*momentumCycle, error) {
	if s.Table.Momentum == NoMomentum {
		return nil, errors.New("cycle_momentum: the optimizer has neither momentum nor betas; set cycle_momentum: false")
	}
	n := len(s.Table.Groups)
	low, err := base.spread("base_momentum", n)
	if err != nil {
		return nil, err
	}
	high, err := top.spread("max_momentum", n)
	if err != nil {
		return nil, err
	}
	m := &momentumCycle{s.Table.Momentum == Beta1, low, high}
	if s.Resumed > 0 {
		return m, nil
	}
	for i := range s.Table.Groups {
		g := &s.Table.Groups[i]
		g.Momentum = m.MaxMomentums[i]
		g.MaxMomentum, g.BaseMomentum = At(m.MaxMomentums[i]), At(m.BaseMomentums[i])
	}
	return m, nil
}

// join gives a late group the first group's bounds.
func (m *momentumCycle) join(g *Group) {
	m.BaseMomentums = append(m.BaseMomentums, m.BaseMomentums[0])
	m.MaxMomentums = append(m.MaxMomentums, m.MaxMomentums[0])
	g.Momentum = m.MaxMomentums[0]
	g.MaxMomentum, g.BaseMomentum = At(m.MaxMomentums[0]), At(m.BaseMomentums[0])
}
