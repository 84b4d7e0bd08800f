package conformance

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/internal/differences"
	"github.com/thaw-go/thaw/optim"
)

const flashFile = "flash.yaml"

// TestFlash replays how Lightning Flash chooses optimizers and LR schedulers.
// Where we differ on purpose, a rule of differences.Flash says why.
func TestFlash(t *testing.T) {
	f := &flash{used: map[string]bool{}, names: map[string]bool{}}
	for _, sec := range load(t, flashFile) {
		var parts map[string]json.RawMessage
		if (sec.name == "optimizers" || sec.name == "lr_schedulers") && json.Unmarshal(sec.raw, &parts) == nil {
			var listed loose
			decode(t, parts["available"], &listed)
			texts(listed.v, func(name string) { f.names[name] = true })
		}
	}
	suite{
		file: flashFile, context: []string{"meta"},
		sections: map[string]sectionFunc{
			"registry": listSection(f.registry),
			"optimizers": f.parts(map[string]sectionFunc{
				"available": f.one(f.availableOptimizers), "default": f.one(f.defaultOptimizer), "combos": f.one(f.combos),
				"learning_rate": listSection(f.learningRate), "external": f.awaiting(listSection(f.external)), "errors": listSection(f.optimizerError),
				"defaults_by_name": f.defaultsByName, "flash_own_smoke": f.awaiting(f.one(f.smoke)),
			}),
			"lr_schedulers": f.parts(map[string]sectionFunc{
				"available": f.one(f.availableSchedulers), "default_config": f.one(f.defaultConfig), "config_merge": listSection(f.configMerge),
				"errors": listSection(f.schedulerError), "hf": f.one(f.transformersFits), "warmup": f.one(f.warmup),
				"manual_optimization": f.one(f.manual), "linear_warmup_cosine": f.one(f.warmupCosine),
			}),
			"step_budget": f.one(f.budget),
		},
	}.replay(t)
	f.beyond(t)
	for _, d := range differences.Flash {
		if !f.used[d.ID] && !t.Failed() && os.Getenv("THAW_CONFORMANCE_DIR") == "" {
			t.Errorf("no case shows the difference %s", d.ID)
		}
	}
}

// beyond holds the differences in inputs that the file's cases do not have:
// Flash refuses each of them.
func (f *flash) beyond(t *testing.T) {
	if _, err := os.Stat(filepath.Join(dir(), flashFile)); err != nil {
		return
	}
	raise := func(in any) flashErrorCase {
		_, isList := in.([]any)
		return flashErrorCase{Input: flashInput{in}, Kind: map[bool]string{true: "list"}[isList], Error: &flashError{}}
	}
	t.Run("optimizers", func(t *testing.T) {
		for _, in := range []any{"torch.optim.Adam", "ADAM_W", []any{"Adam", map[string]any{}}} {
			f.optimizerError(t, raise(in))
		}
		numeric := raise([]any{"Adam", map[string]any{"lr": "1e-06"}})
		numeric.Kind = ""
		f.optimizerError(t, numeric)
	})
	t.Run("lr_schedulers", func(t *testing.T) {
		for _, in := range []any{"constant", "get_constant_schedule", "torch.optim.lr_scheduler.LinearLR", []any{"step_lr", map[string]any{"step_size": 2}, nil}} {
			f.schedulerError(t, raise(in))
		}
	})
}

// flash replays one file.
type flash struct {
	// used are the differences that a case has shown.
	used map[string]bool
	// names are what Flash lists.
	names map[string]bool
}

// texts visits every text in a value.
func texts(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case []any:
		for _, x := range v {
			texts(x, visit)
		}
	case map[string]any:
		for _, x := range v {
			texts(x, visit)
		}
	}
}

// inputCauses are the causes that any choice of an optimizer or LR scheduler may
// have; known tells whether we have a component of that name.
func (f *flash) inputCauses(c flashErrorCase, known bool) []string {
	list, _ := c.Input.v.([]any)
	null := c.Input.v == nil || slices.Contains(list, nil)
	numeric := false
	for _, x := range list {
		if args, ok := x.(map[string]any); ok {
			texts(args, func(text string) {
				_, err := strconv.ParseFloat(text, 64)
				numeric = numeric || err == nil
			})
		}
	}
	causes := append(cause(null, "null-is-default"), cause(numeric, "number-as-text")...)
	causes = append(causes, cause(known && !f.names[strings.ToLower(nameIn(c.Input.v))], "more-names")...)
	return append(causes, cause(c.Kind == "list" && (len(list) == 2 || len(list) == 3), "list-is-tuple")...)
}

// parts replays a section that is made of named parts.
func (f *flash) parts(sections map[string]sectionFunc) sectionFunc {
	return func(t *testing.T, raw json.RawMessage) {
		list, err := members(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range list {
			run, ok := sections[part.name]
			if !ok {
				t.Errorf("nothing replays the part %q", part.name)
				continue
			}
			t.Run(part.name, func(t *testing.T) { run(t, part.raw) })
		}
	}
}

// awaiting skips a part whose optimizers are all still to come.
func (f *flash) awaiting(run sectionFunc) sectionFunc {
	return func(t *testing.T, raw json.RawMessage) {
		var v loose
		decode(t, raw, &v)
		known, named := 0, 0
		var walk func(v any)
		walk = func(v any) {
			switch v := v.(type) {
			case []any:
				for _, x := range v {
					walk(x)
				}
			case map[string]any:
				for k, x := range v {
					if name, ok := x.(string); ok && (k == "opt" || k == "optimizer") {
						named++
						if _, ok := optim.Builtin().Lookup(name); ok {
							known++
						}
					}
					walk(x)
				}
			}
		}
		walk(v.v)
		if named > 0 && known == 0 {
			t.Skip("none of the optimizers is built in yet")
		}
		run(t, raw)
	}
}

// one replays a part that is one mapping, which run takes apart.
func (f *flash) one(run func(*testing.T, json.RawMessage)) sectionFunc {
	return func(t *testing.T, raw json.RawMessage) { run(t, raw) }
}

// differs judges an observation: it is as Flash has it, or one of the rules
// says why not, whose causes the caller has seen in the input.
func (f *flash) differs(t *testing.T, same bool, causes []string, format string, args ...any) {
	t.Helper()
	if same {
		return
	}
	section, _, _ := strings.Cut(strings.Split(t.Name(), "/")[1], "#") // a second subtest of a name has a number
	for _, d := range differences.Flash {
		if slices.Contains(causes, d.ID) && slices.Contains(d.Sections, section) {
			f.used[d.ID] = true
			t.Logf("differs by rule %s: %s", d.ID, d.Reason)
			return
		}
	}
	t.Errorf(format, args...)
}

// cause is the rule's name where its cause is present.
func cause(present bool, id string) []string {
	if present {
		return []string{id}
	}
	return nil
}

// flashError is an error as Python raised it; that there is one counts, its
// text is worth a note.
type flashError struct {
	Type  string `json:"type"`
	Match string `json:"match"`
}

func (e *flashError) note(t *testing.T, err error) {
	t.Helper()
	if e != nil && err != nil && !strings.Contains(err.Error(), e.Match) {
		t.Logf("Flash says %q, we: %v", e.Match, err)
	}
}

// loose is any value; integers and floats stay apart.
type loose struct{ v any }

func (l *loose) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	l.v = plain(v)
	return err
}
