// Package ctl is examinerctl: what people and solution scripts in a machine ask its examiner about tasks, and the examiner's answers.
//
// They talk over a unix socket, one line of JSON for a request and one for its answer:
//
//	{"op":"ls"}                                    {"tasks":[{...}]}
//	{"op":"get","name":"verify"}                   {"task":{...}}
//	{"op":"wait","name":"verify","timeout":30}     {"task":{...},"timed_out":false}
//	{"op":"input","name":"verify","value":"42"}    {}
//
// or {"error":"...","code":"..."} for an answer.
package ctl

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Socket is where an examiner listens.
const Socket = "/run/labyard/examinerctl.sock"

// MaxInput bounds what is put into a task, in bytes.
const MaxInput = 16 << 10

const (
	// maxRequest is room for a value in which every byte is escaped.
	maxRequest = 6*MaxInput + 4<<10
	maxAnswer  = 16 << 20
)

// What a task's status is, as numbers that never change.
const (
	Failed    = 35
	Completed = 40
)

// Task is one task of the play, of any of its machines.
type Task struct {
	Name       string `json:"name"`
	Machine    string `json:"machine"`
	Kind       string `json:"kind"`
	Status     int    `json:"status"`
	StatusName string `json:"status_name"`
	Runs       int    `json:"runs"`
	Hint       string `json:"hint"`
}

// Final says whether its status changes no more.
func (t Task) Final() bool { return t.Status == Failed || t.Status == Completed }

// Refusal is an answer that says no. Its code is stable: not-found, bad-request, busy, not-built, unreachable or internal.
type Refusal struct{ Code, Message string }

func (r *Refusal) Error() string { return r.Message }

// request is every field of every request; timeout is in seconds, 0: until it ends.
type request struct {
	Op      string  `json:"op"`
	Name    string  `json:"name,omitempty"`
	Value   string  `json:"value,omitempty"`
	Timeout float64 `json:"timeout,omitempty"`
}

type answer struct {
	Tasks    []Task `json:"tasks,omitempty"`
	Task     *Task  `json:"task,omitempty"`
	TimedOut bool   `json:"timed_out,omitempty"`
	Error    string `json:"error,omitempty"`
	Code     string `json:"code,omitempty"`
}

// checkInput says what is wrong with a value: it is to be an environment variable.
func checkInput(value string) error {
	switch {
	case len(value) > MaxInput:
		return &Refusal{"bad-request", fmt.Sprintf("at most %d bytes can be put in", MaxInput)}
	case strings.ContainsRune(value, 0):
		return &Refusal{"bad-request", "a NUL byte cannot be put in"}
	case !utf8.ValidString(value):
		return &Refusal{"bad-request", "only text in UTF-8 can be put in"}
	}
	return nil
}
