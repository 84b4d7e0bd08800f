package tensor

// Replaying reports whether a checkpointed block runs for the second time: what
// it counts or tracks has been counted already.
func (t *Tape) Replaying() bool { return t.replay != nil }

// Throw makes Do return err, named after the running operator. It is for
// modules that do more than run operators.
func (t *Tape) Throw(err error) { t.check(err) }
