package agent

import (
	"context"
	"net"
	"os"

	"labyard/examiner/internal/ctl"
	"labyard/examiner/internal/link"
	"labyard/examiner/internal/tasks"
)

// answerAsked serves examinerctl. Everybody in the machine may ask: a learner puts answers in from a shell, too.
func (l *lesson) answerAsked() {
	path := l.agent.settings.Folder + "/examinerctl.sock"
	_ = os.Remove(path) // of an examiner before us
	listener, err := net.Listen("unix", path)
	if err != nil {
		warn("examinerctl cannot be served: %v", err)
		return
	}
	_ = os.Chmod(path, 0o666)
	warn("examinerctl is not served any more: %v", ctl.Serve(listener, l))
}

// Tasks are all of the play, as far as this machine has heard.
func (l *lesson) Tasks() []ctl.Task {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := []ctl.Task{}
	for _, name := range l.board.Names() {
		found = append(found, shown(l.board.Find(name)))
	}
	return found
}

func shown(task tasks.Task, state tasks.State, _ bool) ctl.Task {
	status := max(state.Status, tasks.Created)
	return ctl.Task{
		Name: task.Name, Machine: task.Machine, Kind: task.Kind, Status: int(status), StatusName: status.String(),
		Runs: state.Runs, Hint: state.Hint,
	}
}

// Wait returns a task once it has ended. One that nobody has heard of may still be handed over.
func (l *lesson) Wait(ctx context.Context, name string) (ctl.Task, error) {
	for {
		l.mu.Lock()
		task, state, known := l.board.Find(name)
		begun, changed := l.begun, l.changed
		l.mu.Unlock()
		if begun && !known {
			return ctl.Task{}, &ctl.Refusal{Code: "not-found", Message: "no such task: " + name}
		}
		if state.Status.Final() {
			return shown(task, state, true), nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return shown(task, state, true), ctx.Err()
		}
	}
}

// Input gives a task of any machine what the learner says.
func (l *lesson) Input(name, value string) error {
	_, err := l.putIn(inputCall{Name: name, Value: value})
	if refusal, ok := err.(*link.Refusal); ok {
		code := refusal.Code
		if code == "no-task" {
			code = "not-found"
		}
		return &ctl.Refusal{Code: code, Message: refusal.Message}
	}
	return err
}
