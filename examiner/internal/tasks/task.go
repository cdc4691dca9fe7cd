// Package tasks knows what a lesson checks in a machine, and how far that is. It runs nothing.
package tasks

import (
	"encoding/json"
	"strings"
)

// Status numbers are those of the labctl contract.
type Status int

const (
	Created   Status = 10
	Blocked   Status = 20
	Running   Status = 30
	Failed    Status = 35
	Completed Status = 40
)

var names = map[Status]string{
	Created: "created", Blocked: "blocked", Running: "running", Failed: "failed", Completed: "completed",
}

func (s Status) String() string { return names[s] }

// Final tells whether it stays so.
func (s Status) Final() bool { return s == Failed || s == Completed }

// Kinds of tasks.
const (
	Init    = "init"
	Regular = "regular"
	Helper  = "helper"
)

// Task is what is to be done. Those of other machines have no scripts here.
type Task struct {
	Name      string    `json:"name"`
	Machine   string    `json:"machine"`
	Kind      string    `json:"kind"`
	Mine      bool      `json:"mine"`
	User      string    `json:"user"`
	Run       string    `json:"run"`
	Hintcheck string    `json:"hintcheck"`
	Failcheck string    `json:"failcheck"`
	Env       []Setting `json:"env"`
	Needs     []string  `json:"needs"`
	// Timeout is of one run of one script, in seconds.
	Timeout float64 `json:"timeout"`
}

// Setting is an environment variable of the scripts, made of parts when they run.
type Setting struct {
	Name  string `json:"name"`
	Parts []Part `json:"parts"`
}

// Part is a text, or an output of another task, or (with neither) what the learner put in.
type Part struct {
	Text   *string
	Task   string
	Stream string
}

// UnmarshalJSON reads "text", {"task": null} and {"task": name, "stream": "stdout"}.
func (p *Part) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &p.Text)
	}
	var reference struct {
		Task   *string `json:"task"`
		Stream string  `json:"stream"`
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		return err
	}
	if reference.Task != nil {
		p.Task = *reference.Task
	}
	p.Stream = reference.Stream
	return nil
}

// State is how a task stands. Runs counts how often its script has ended; Hint is for the learner, all else for authors.
type State struct {
	Name              string  `json:"name"`
	Status            Status  `json:"status"`
	Version           int     `json:"version"`
	Runs              int     `json:"runs"`
	ExitCode          *int    `json:"exit_code"`
	Stdout            string  `json:"stdout"`
	Stderr            string  `json:"stderr"`
	OutputCut         bool    `json:"output_cut"`
	TimedOut          bool    `json:"timed_out"`
	StartedAt         string  `json:"started_at,omitempty"`
	DurationMs        int64   `json:"duration_ms"`
	Hint              string  `json:"hint"`
	HintcheckExitCode *int    `json:"hintcheck_exit_code"`
	FailcheckExitCode *int    `json:"failcheck_exit_code"`
	FailcheckStdout   string  `json:"failcheck_stdout"`
	FailcheckStderr   string  `json:"failcheck_stderr"`
	Input             *string `json:"input"`
}

// sameButRuns tells whether two states differ in nothing but how often, when and how long the task ran.
func (s State) sameButRuns(o State) bool {
	return s.Status == o.Status && equal(s.ExitCode, o.ExitCode) && s.Stdout == o.Stdout && s.Stderr == o.Stderr &&
		s.TimedOut == o.TimedOut && s.Hint == o.Hint && equal(s.Input, o.Input)
}

func equal[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// withoutNul is what an environment can hold.
func withoutNul(text string) string { return strings.ReplaceAll(text, "\x00", "") }

// MarshalJSON writes what UnmarshalJSON reads.
func (p Part) MarshalJSON() ([]byte, error) {
	if p.Text != nil {
		return json.Marshal(*p.Text)
	}
	reference := map[string]any{"task": nil, "stream": p.Stream}
	if p.Task != "" {
		reference["task"] = p.Task
	}
	return json.Marshal(reference)
}
