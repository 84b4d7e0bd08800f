package thaw

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The files of a run's folder, besides its checkpoints.
const (
	ConfigFile = "config.yaml"
	EventsFile = "events.ndjson"
	statusFile = "status.json"
)

// Folder is a run's folder: <log_dir>/<name>/version_N.
type Folder struct {
	Path string
	// Resumes tells that it holds an unfinished run of the same configuration.
	Resumes bool
}

// status is what status.json says of a run.
type status struct {
	// Config is a fingerprint of the resolved configuration.
	Config string `json:"config"`
	// State is running, interrupted, finished or failed.
	State string `json:"state"`
}

// openFolder finds the newest folder of the run; where that holds an unfinished
// run of the same configuration it is continued, otherwise a new one is made.
func openFolder(logDir, name, fingerprint string) (Folder, error) {
	base := filepath.Join(logDir, name)
	last, err := lastVersion(base)
	if err != nil {
		return Folder{}, fmt.Errorf("opening the run folder: %w", err)
	}
	if last >= 0 {
		f := Folder{Path: filepath.Join(base, version(last))}
		if st, err := f.status(); err == nil && st.State != "finished" && st.Config == fingerprint {
			f.Resumes = true
			return f, nil
		}
	}
	f := Folder{Path: filepath.Join(base, version(last+1))}
	if err := os.MkdirAll(f.Path, 0o755); err != nil {
		return Folder{}, fmt.Errorf("making the run folder: %w", err)
	}
	return f, nil
}

func version(n int) string { return fmt.Sprintf("version_%d", n) }

// lastVersion is the number of the newest folder, -1 where there is none.
func lastVersion(base string) (int, error) {
	entries, err := os.ReadDir(base)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return -1, err
	}
	last := -1
	for _, e := range entries {
		if n, ok := strings.CutPrefix(e.Name(), "version_"); ok {
			if v, err := strconv.Atoi(n); err == nil {
				last = max(last, v)
			}
		}
	}
	return last, nil
}

// newestFolder is the newest folder of a run's name.
func newestFolder(logDir, name string) (string, error) {
	base := filepath.Join(logDir, name)
	last, err := lastVersion(base)
	if err == nil && last < 0 {
		err = fmt.Errorf("there is no run in %s\n    hint: run `thaw fit` first, or name a checkpoint", base)
	}
	return filepath.Join(base, version(last)), err
}

func (f Folder) status() (status, error) {
	var st status
	b, err := os.ReadFile(filepath.Join(f.Path, statusFile))
	if err != nil {
		return st, err
	}
	return st, json.Unmarshal(b, &st)
}

// setStatus writes status.json.
func (f Folder) setStatus(st status) error {
	b, err := json.Marshal(st)
	if err != nil {
		return err
	}
	return f.write(statusFile, append(b, '\n'))
}

// write puts a small file into the folder at once or not at all.
func (f Folder) write(name string, data []byte) error {
	path := filepath.Join(f.Path, name)
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return fmt.Errorf("writing to the run folder: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("writing to the run folder: %w", err)
	}
	return nil
}
