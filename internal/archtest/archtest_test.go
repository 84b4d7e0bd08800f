// Package archtest holds the house's rules as tests: who may import whom. The
// floors and their reasons stand in docs/architecture.md.
package archtest

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/thaw-go/thaw"

// floors gives each room its floor. A room is the first element of a package's
// path ("engine" holds engine/host too); packages of one room may import each
// other, and otherwise imports point down.
var floors = map[string]int{
	"registry": 0, "param": 0, "diag": 0, "event": 0, "rng": 0,
	"tree": 1, "engine": 1, "safetensors": 1, "torchfile": 1,
	"config": 2, "tensor": 2, "lrsched": 2, "schedule": 2,
	"phase": 3, "optim": 3, "nn": 3, "metric": 3, "profile": 3, "tokenizer": 3,
	"model": 4, "data": 4, "hub": 4,
	"task": 5, "checkpoint": 5, "collective": 5,
	"trainer": 6,
	"runlog":  7, "plan": 7,
	"":              8, // the root package, thaw
	"internal/demo": 9, "internal/reference": 9, "internal/cli": 10, "chart": 0, "internal/differences": 0,
	"cmd": 11, "bench": 11, "examples": 11,
}

// pure rooms decide what is trained when; they see names, shapes and numbers
// only, so that every decision can be replayed and tested as text.
var pure = []string{"registry", "param", "diag", "event", "tree", "lrsched", "schedule", "phase"}

// impure is what a pure room must not reach, directly or not.
var impure = []string{"os", "net", "time", "syscall", "io/fs", "os/exec", "sync", "math/rand", "math/rand/v2", module + "/engine", module + "/tensor"}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
}

func load(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,Standard", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) < 5 {
		t.Fatalf("go list found only %d packages", len(pkgs))
	}
	return pkgs
}

func room(path string) string {
	rel := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	parts := strings.Split(rel, "/")
	if parts[0] == "internal" && len(parts) > 1 {
		return "internal/" + parts[1]
	}
	return parts[0]
}

// onlyTests are rooms without code of their own.
var onlyTests = map[string]bool{"internal/archtest": true, "internal/conformance": true}

func TestImportsPointDown(t *testing.T) {
	for _, p := range load(t) {
		from := room(p.ImportPath)
		if onlyTests[from] {
			continue
		}
		floor, ok := floors[from]
		if !ok {
			t.Errorf("%s: the room %q has no floor; give it one in docs/architecture.md and here", p.ImportPath, from)
			continue
		}
		for _, i := range p.Deps {
			if !strings.HasPrefix(i, module) || room(i) == from {
				continue
			}
			if f, ok := floors[room(i)]; !ok || f >= floor {
				t.Errorf("%s (floor %d) depends on %s (floor %d): imports point down, so that each floor can be understood and tested without those above it", p.ImportPath, floor, i, f)
			}
		}
	}
}

func TestPureCore(t *testing.T) {
	for _, p := range load(t) {
		for _, r := range pure {
			if p.ImportPath != module+"/"+r {
				continue
			}
			for _, i := range p.Imports {
				for _, bad := range impure {
					if i == bad || strings.HasPrefix(i, bad+"/") && bad != "os" {
						t.Errorf("%s imports %s: the pure core decides from names and numbers alone", p.ImportPath, i)
					}
				}
				if first, _, _ := strings.Cut(i, "/"); strings.Contains(first, ".") && !strings.HasPrefix(i, module) {
					t.Errorf("%s imports the third-party module %s: the pure core has none", p.ImportPath, i)
				}
			}
		}
	}
}

func TestStaticBinary(t *testing.T) {
	list := exec.Command("go", "list", "-deps", module+"/cmd/thaw")
	list.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is built
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, d := range strings.Fields(string(out)) {
		if strings.HasPrefix(d, "github.com/ebitengine/purego") || d == "runtime/cgo" {
			t.Errorf("cmd/thaw depends on %s: it must stay one static binary", d)
		}
	}
}
