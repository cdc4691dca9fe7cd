package agent

import (
	"time"

	"labyard/examiner/internal/checks"
	"labyard/examiner/internal/tasks"
)

const frozenWait = 20 * time.Millisecond

// run is one task from here to its end.
func (l *lesson) run(loop *loop) {
	defer loop.cage.remove()
	defer func() { loop.shell.end() }()
	for l.awaitTurn(loop) {
		outcome := l.attempt(loop)
		ended := time.Now()
		if !l.write(loop, outcome) || !l.rest(loop, ended) {
			return
		}
	}
}

// awaitTurn waits until all that the task needs is completed and the machine stands; false: it was given up.
func (l *lesson) awaitTurn(loop *loop) bool {
	for {
		l.mu.Lock()
		if l.loops[loop.name] != loop {
			l.mu.Unlock()
			return false
		}
		free, changed := l.board.Free(loop.name), l.changed
		status := tasks.Blocked
		if free {
			status = tasks.Running
		}
		if _, state, _ := l.board.Find(loop.name); state.Status != status {
			if state.Status.Final() { // the host knew
				delete(l.loops, loop.name)
				l.mu.Unlock()
				return false
			}
			l.tell(l.board.Set(loop.name, func(state *tasks.State) { state.Status = status }))
		}
		l.mu.Unlock()
		if free && !l.agent.ice.all.Load() {
			return true
		}
		if free {
			changed = nil // it stands still for a snapshot, which is over soon
		}
		select {
		case <-changed:
		case <-loop.stop:
			return false
		case <-frozen(free):
		}
	}
}

func frozen(free bool) <-chan time.Time {
	if free {
		return time.After(frozenWait)
	}
	return nil
}

// attempt runs the task's script, and what is to be run when it does not pass.
func (l *lesson) attempt(loop *loop) tasks.Outcome {
	l.mu.Lock()
	task, _, _ := l.board.Find(loop.name)
	environment := l.board.Environment(loop.name)
	l.mu.Unlock()
	timeout := task.Timeout
	if task.Kind == tasks.Helper {
		timeout = 0
	}
	outcome := tasks.Outcome{Run: l.script(loop, task, 0, environment, timeout)}
	if outcome.Run.Passed() || task.Kind == tasks.Helper {
		return outcome
	}
	if task.Failcheck != "" {
		result := l.script(loop, task, 1, environment, timeout)
		outcome.Fail = &result
	}
	if task.Hintcheck != "" && (outcome.Fail == nil || outcome.Fail.ExitCode == 0) {
		result := l.script(loop, task, 2, environment, timeout)
		outcome.Hint = &result
	}
	return outcome
}

// script runs one of a task's texts, by its place in `scripts`. One that cannot be begun has not passed, and says why.
func (l *lesson) script(loop *loop, task tasks.Task, number int, env map[string]string, timeout float64) tasks.Result {
	result, err := l.ran(loop, task, number, env, timeout)
	if err != nil {
		return tasks.Result{ExitCode: 126, Stderr: err.Error()}
	}
	stdout, cutOut := last(result.Stdout)
	stderr, cutErr := last(result.Stderr)
	return tasks.Result{
		ExitCode: result.ExitCode, Stdout: stdout, Stderr: stderr, Cut: result.Cut || cutOut || cutErr,
		TimedOut: result.TimedOut, DurationMs: result.Duration,
	}
}

// ran has a regular task's script run by the shell that waits for that, every other one by a shell of its own.
func (l *lesson) ran(loop *loop, task tasks.Task, number int, env map[string]string, timeout float64) (taskResult, error) {
	if !loop.spare || task.Kind == tasks.Helper {
		call := taskCall{
			Name: task.Name, Run: ready(task)[number], User: task.User, Env: env, Timeout: timeout, cancel: loop.stop,
			often: task.Kind != tasks.Helper,
		}
		return l.agent.script(call, loop.cage)
	}
	if !loop.shell.fits(env) {
		loop.shell.end()
		made, err := l.agent.newShell(task.User, env, ready(task), loop.cage)
		if err != nil {
			loop.shell = nil
			return taskResult{}, err
		}
		loop.shell = made
	}
	return loop.shell.run(number, seconds(timeout), loop.stop), nil
}

// ready are a task's scripts as a shell runs them, with the functions that they may call.
func ready(task tasks.Task) []string {
	scripts := []string{task.Run, task.Failcheck, task.Hintcheck}
	folders := checks.Existing(checks.Folders)
	for index, text := range scripts {
		scripts[index] = checks.Prelude(folders, text) + text
	}
	return scripts
}

// maxOutput bounds what is kept of each output of a check: many are told, and often.
const maxOutput = 16 << 10

// last is the end of a text; true: something is missing before it.
func last(text string) (string, bool) {
	if len(text) <= maxOutput {
		return text, false
	}
	for from := len(text) - maxOutput; ; from++ {
		if text[from]&0xC0 != 0x80 { // a letter's first byte
			return text[from:], true
		}
	}
}

// write notes what an attempt has brought; false: the task has ended, or was given up meanwhile.
func (l *lesson) write(loop *loop, outcome tasks.Outcome) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loops[loop.name] != loop {
		return false
	}
	task, before, _ := l.board.Find(loop.name)
	state := l.board.Set(loop.name, func(state *tasks.State) { outcome.Apply(task, state) })
	l.tell(state)
	if state.Hint != before.Hint || state.Status.Final() {
		l.used = time.Now()
	}
	if !state.Status.Final() {
		return true
	}
	delete(l.loops, loop.name)
	l.broadcast()
	l.keep()
	return false
}

// rest waits before the next attempt, shorter when the machine comes into use meanwhile; false: it was given up.
func (l *lesson) rest(loop *loop, ended time.Time) bool {
	for {
		l.mu.Lock()
		idle, changed := ended.Sub(l.used), l.changed
		due := l.since.Add(tasks.Due(ended.Sub(l.since), max(idle, 0)))
		l.mu.Unlock()
		left := time.Until(due)
		if left <= 0 {
			return true
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
			return true
		case <-loop.poke:
			timer.Stop()
			return true
		case <-changed:
			timer.Stop()
		case <-loop.stop:
			timer.Stop()
			return false
		}
	}
}
