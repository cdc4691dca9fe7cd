package tasks

import (
	"slices"
	"strings"
)

const (
	// maxTasks of one play; a playground's manifest and a lesson have fewer.
	maxTasks = 512
	maxHint  = 4 << 10
	// maxValue of a variable: Linux takes no string of 128 KiB or more (execve(2), MAX_ARG_STRLEN).
	maxValue = 96 << 10
)

// Board holds all tasks of one attempt: those of this machine, which are run here, and what is told of others.
// A task that is completed or has failed stays so.
type Board struct {
	attempt string
	order   []string
	tasks   map[string]Task
	states  map[string]State
}

// Begin forgets what another attempt was about; true when it did.
func (b *Board) Begin(attempt string) bool {
	if b.attempt == attempt && b.tasks != nil {
		return false
	}
	*b = Board{attempt: attempt, tasks: map[string]Task{}, states: map[string]State{}}
	return true
}

// Attempt is whose tasks these are.
func (b *Board) Attempt() string { return b.attempt }

// Assign takes a task and how it stands for who assigns it. False when there are too many.
func (b *Board) Assign(task Task, state State) bool {
	if _, known := b.tasks[task.Name]; !known {
		if len(b.order) >= maxTasks {
			return false
		}
		b.order = append(b.order, task.Name)
	}
	b.tasks[task.Name] = task
	state.Name = task.Name
	b.Hear(state)
	return true
}

// Hear takes what somebody else knows of a task; true when it is news. Of our own tasks we know best, but for their ends.
func (b *Board) Hear(state State) bool {
	task, known := b.tasks[state.Name]
	if !known {
		return false
	}
	ours, have := b.states[state.Name]
	switch {
	case !have:
	case ours.Status.Final():
		return false
	case task.Mine && !state.Status.Final():
		if ours.Input == nil && state.Input != nil {
			ours.Input = state.Input
			b.states[state.Name] = ours
		}
		return false
	case state.Version <= ours.Version && !state.Status.Final():
		return false
	}
	if have && state.Version <= ours.Version {
		state.Version = ours.Version + 1
	}
	b.states[state.Name] = state
	return true
}

// Mine lists the tasks to be run here, in the order they were assigned: regular ones without an end, and helpers.
func (b *Board) Mine() []string {
	var found []string
	for _, name := range b.order {
		if task := b.tasks[name]; task.Mine && task.Kind != Init && !b.states[name].Status.Final() {
			found = append(found, name)
		}
	}
	return found
}

// Names lists all tasks.
func (b *Board) Names() []string { return slices.Clone(b.order) }

// Find returns a task and how it stands.
func (b *Board) Find(name string) (Task, State, bool) {
	task, known := b.tasks[name]
	return task, b.states[name], known
}

// Free tells whether all that a task needs is completed. Needs that nobody knows of are none.
func (b *Board) Free(name string) bool {
	for _, need := range b.tasks[name].Needs {
		if _, known := b.tasks[need]; known && b.states[need].Status != Completed {
			return false
		}
	}
	return true
}

// Set changes how a task stands and returns that; an end is never changed.
func (b *Board) Set(name string, change func(*State)) State {
	state := b.states[name]
	if state.Status.Final() {
		return state
	}
	change(&state)
	state.Name = name
	state.Version++
	b.states[name] = state
	return state
}

// Environment is what a task's scripts are told: outputs that are not there yet, and input not given, are empty.
func (b *Board) Environment(name string) map[string]string {
	found := map[string]string{}
	for _, setting := range b.tasks[name].Env {
		value := ""
		for _, part := range setting.Parts {
			value += b.text(name, part)
		}
		value = withoutNul(value)
		if len(value) > maxValue {
			value = strings.ToValidUTF8(value[:maxValue], "")
		}
		found[setting.Name] = value
	}
	return found
}

func (b *Board) text(name string, part Part) string {
	switch {
	case part.Text != nil:
		return *part.Text
	case part.Task == "":
		if input := b.states[name].Input; input != nil {
			return *input
		}
		return ""
	case part.Stream == "stderr":
		return b.states[part.Task].Stderr
	}
	return b.states[part.Task].Stdout
}
