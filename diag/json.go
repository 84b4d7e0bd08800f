package diag

import "encoding/json"

// entry is a finding as JSON and SARIF show it.
type entry struct {
	Severity string `json:"severity"`
	Code     string `json:"code,omitempty"`
	Pos
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Text    string `json:"text,omitempty"`
}

// MarshalJSON writes severity, code, file, line, column, message, hint and the
// line's text, leaving out what is unknown.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(entry{f.Severity.String(), f.Code, f.Pos, f.Message, f.Hint, f.Line})
}

// JSON is the findings as an array, indented; an empty list is [].
func (l List) JSON() ([]byte, error) {
	if l == nil {
		l = List{}
	}
	b, err := json.MarshalIndent([]Finding(l), "", "  ")
	return append(b, '\n'), err
}
