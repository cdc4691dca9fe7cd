package tasks

import "strings"

// Result is what became of one script.
type Result struct {
	ExitCode   int
	Stdout     string
	Stderr     string
	Cut        bool
	TimedOut   bool
	DurationMs int64
}

// Passed tells whether it ended in time, and well.
func (r Result) Passed() bool { return r.ExitCode == 0 && !r.TimedOut }

// Outcome is one attempt: Fail and Hint only where `run` did not pass and there are such scripts.
type Outcome struct {
	Run  Result
	Fail *Result
	Hint *Result
}

// Apply writes an attempt down. A helper's ends mean nothing: it is run again.
func (o Outcome) Apply(task Task, state *State) {
	state.Runs++
	state.ExitCode, state.TimedOut = &o.Run.ExitCode, o.Run.TimedOut
	state.Stdout, state.Stderr, state.OutputCut = o.Run.Stdout, o.Run.Stderr, o.Run.Cut
	state.DurationMs = o.Run.DurationMs
	if task.Kind == Helper {
		return
	}
	if o.Run.Passed() {
		state.Status, state.Hint = Completed, ""
		return
	}
	if o.Hint != nil {
		state.HintcheckExitCode, state.Hint = &o.Hint.ExitCode, hint(o.Hint.Stdout)
	}
	if o.Fail != nil {
		state.FailcheckExitCode = &o.Fail.ExitCode
		state.FailcheckStdout, state.FailcheckStderr = o.Fail.Stdout, o.Fail.Stderr
		if o.Fail.ExitCode != 0 && !o.Fail.TimedOut {
			state.Status, state.Hint = Failed, hint(o.Fail.Stdout)
		}
	}
}

// hint is the first part of what was printed, cut at a letter's end.
func hint(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > maxHint {
		text = strings.ToValidUTF8(text[:maxHint], "") + "…"
	}
	return text
}
