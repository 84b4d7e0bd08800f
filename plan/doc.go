// Package plan shows a fit before it runs: what each phase trains, what it
// costs, which learning rates it will see, and the course that it takes when
// given metrics come, as tables, data and pictures.
//
// Nothing here decides anything: phases and learning rates come from the
// machine that drives training, work and memory from the network itself, run
// on an engine that computes nothing.
package plan
