package lrsched

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// State implements Scheduler.
func (r *running) State() json.RawMessage { return merged(&r.base, r.rule) }

// Load implements Scheduler.
func (r *running) Load(state json.RawMessage) error {
	if err := load(r.class, state, &r.base, r.rule); err != nil {
		return err
	}
	if l, ok := r.rule.(loader); ok {
		if err := l.loaded(&r.base); err != nil {
			return fmt.Errorf("%s: state: %w", r.class, err)
		}
	}
	return nil
}

// storable refuses a part whose numbers a state cannot hold: arguments set in
// Go that are not finite.
func storable(parts ...any) error {
	for _, p := range parts {
		if _, err := json.Marshal(p); err != nil {
			return fmt.Errorf("an argument is not finite: %w", err)
		}
	}
	return nil
}

// merged is one JSON object with the members of all parts. A part that cannot
// be encoded is a programmer's error.
func merged(parts ...any) json.RawMessage {
	out := []byte{'{'}
	for _, p := range parts {
		text, err := json.Marshal(p)
		if err != nil {
			panic(fmt.Sprintf("lrsched: state of %T: %v", p, err))
		}
		inner := bytes.TrimSuffix(bytes.TrimPrefix(text, []byte{'{'}), []byte{'}'})
		if len(out) > 1 && len(inner) > 0 {
			out = append(out, ',')
		}
		out = append(out, inner...)
	}
	return append(out, '}')
}

// load sets the parts from a state. Members that the parts do not have are
// ignored (torch keeps flags there); one that is lacking is an error, since the
// state is then another scheduler's.
func load(class string, state json.RawMessage, parts ...any) error {
	var have, want map[string]json.RawMessage
	if err := json.Unmarshal(state, &have); err != nil {
		return fmt.Errorf("%s: state: %w", class, err)
	}
	if err := json.Unmarshal(merged(parts...), &want); err != nil {
		return fmt.Errorf("%s: state: %w", class, err)
	}
	for key := range want {
		if _, ok := have[key]; !ok {
			return fmt.Errorf("%s: the state lacks %q; is it another scheduler's?", class, key)
		}
	}
	for _, p := range parts {
		if err := json.Unmarshal(state, p); err != nil {
			return fmt.Errorf("%s: state: %w", class, err)
		}
	}
	return nil
}
