package diag

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// SARIF 2.1.0 (OASIS, 2020), what of it findings need; code hosts and editors
// show it beside the lines.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri,omitempty"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId,omitempty"`
		RuleIndex *int            `json:"ruleIndex,omitempty"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical sarifPlace `json:"physicalLocation"`
	}
	sarifPlace struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		Line    int        `json:"startLine"`
		Col     int        `json:"startColumn,omitempty"`
		Snippet *sarifText `json:"snippet,omitempty"`
	}
)

// Tool names the program that made the findings.
type Tool struct{ Name, Version, URL string }

// SARIF is the findings as a SARIF 2.1.0 log, indented.
func (l List) SARIF(t Tool) ([]byte, error) {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: t.Name, Version: t.Version, InformationURI: t.URL, Rules: []sarifRule{}}
	for _, f := range l {
		r := sarifResult{RuleID: f.Code, Level: f.Severity.String(), Message: sarifText{f.Message}}
		if f.Hint != "" {
			r.Message.Text += "\n" + f.Hint
		}
		if f.Code != "" {
			rules := &run.Tool.Driver.Rules
			i := slices.Index(*rules, sarifRule{f.Code})
			if i < 0 {
				i = len(*rules)
				*rules = append(*rules, sarifRule{f.Code})
			}
			r.RuleIndex = &i
		}
		if f.Pos.File != "" {
			r.Locations = []sarifLocation{{f.place()}}
		}
		run.Results = append(run.Results, r)
	}
	log := sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
	b, err := json.MarshalIndent(log, "", "  ")
	return append(b, '\n'), err
}

// place is where the finding is; a relative file stays relative.
func (f Finding) place() sarifPlace {
	p := sarifPlace{Artifact: sarifArtifact{fileURI(f.Pos.File)}}
	if f.Pos.Line > 0 {
		p.Region = &sarifRegion{Line: f.Pos.Line, Col: f.Pos.Col}
		if f.Line != "" {
			p.Region.Snippet = &sarifText{f.Line}
		}
	}
	return p
}

// fileURI is a file's name as a URI reference (RFC 3986, RFC 8089).
func fileURI(name string) string {
	drive := len(name) > 1 && name[1] == ':'
	name = strings.ReplaceAll(name, `\`, "/")
	var b strings.Builder
	switch {
	case drive:
		b.WriteString("file:///")
	case strings.HasPrefix(name, "/"):
		b.WriteString("file://")
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if letter || strings.IndexByte("-._~/", c) >= 0 || c == ':' && drive {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
