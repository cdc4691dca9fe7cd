package agent

import (
	"encoding/json"
	"os"
	"sync"
	"time"

	"labyard/examiner/internal/link"
	"labyard/examiner/internal/tasks"
)

const (
	maxInput = 16 << 10
	// maxShells bounds what waiting shells take of a machine's memory: some 2 MiB each.
	maxShells = 40
	// useEvery is how often other machines are told that this one is in use.
	useEvery = 5 * time.Second
)

// lesson runs a play's regular and helper tasks here, from the moment that the host has assigned them all: regular ones again
// and again until they pass, whoever looks on, and helpers for ever.
type lesson struct {
	agent *Agent

	mu    sync.Mutex
	board tasks.Board
	news  tasks.News
	begun bool
	loops map[string]*loop
	// changed is closed, and made anew, whenever a task stands differently or the machine comes into use.
	changed chan struct{}
	used    time.Time
	toldUse time.Time
	// since is when the beat began by which tasks are run.
	since time.Time
}

// loop is one task that is being run again and again.
type loop struct {
	name string
	stop chan struct{}
	// poke: somebody has put something in, so do not rest.
	poke chan struct{}
	cage *cage
	// shell runs a regular task's scripts; nil before the first time.
	shell *shell
	// spare: it may have a shell that waits between runs.
	spare bool
}

func newLesson(a *Agent) *lesson {
	return &lesson{agent: a, loops: map[string]*loop{}, changed: make(chan struct{}), since: time.Now()}
}

type attemptCall struct {
	// Attempt is whose tasks these are.
	Attempt string `json:"attempt"`
}

// attempt says whose tasks come; those of another one are forgotten, and end.
func (l *lesson) attemptOf(call attemptCall) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if call.Attempt == "" {
		return nil, &link.Refusal{Code: "bad-request", Message: "which attempt?"}
	}
	if l.board.Begin(call.Attempt) {
		l.endLoops()
		l.news, l.begun = tasks.News{}, false
		_ = os.Remove(l.file())
	}
	return map[string]any{}, nil
}

type assignCall struct {
	Attempt string      `json:"attempt"`
	Task    tasks.Task  `json:"task"`
	State   tasks.State `json:"state"`
}

// assign takes one task; of one that is run here it answers how it stands.
func (l *lesson) assign(call assignCall) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.mustBe(call.Attempt); err != nil {
		return nil, err
	}
	if !l.board.Assign(call.Task, call.State) {
		return nil, &link.Refusal{Code: "busy", Message: "too many tasks"}
	}
	if _, state, _ := l.board.Find(call.Task.Name); call.Task.Mine {
		return map[string]any{"state": state}, nil
	}
	return map[string]any{}, nil
}

func (l *lesson) mustBe(attempt string) error {
	if attempt == "" || attempt != l.board.Attempt() {
		return &link.Refusal{Code: "bad-request", Message: "these are tasks of another attempt"}
	}
	return nil
}

// assigned says that no more tasks come: they begin.
func (l *lesson) assigned(call attemptCall) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.mustBe(call.Attempt); err != nil {
		return nil, err
	}
	if !l.begun {
		l.used = time.Now() // somebody has just come
	}
	l.begun = true
	l.news = tasks.News{} // whoever assigns them has heard nothing yet
	l.broadcast()
	l.begin()
	l.keep()
	return map[string]any{}, nil
}

type hearCall struct {
	Attempt string        `json:"attempt"`
	States  []tasks.State `json:"states"`
}

// hear takes how tasks of other machines stand.
func (l *lesson) hear(call hearCall) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.mustBe(call.Attempt); err != nil {
		return nil, err
	}
	heard := false
	for _, state := range call.States {
		heard = l.board.Hear(state) || heard
	}
	if heard {
		l.broadcast()
		l.keep()
	}
	return map[string]any{}, nil
}

type inputCall struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// putIn keeps what the learner gives a task, and lets it run at once. Another machine's is handed on by the host.
func (l *lesson) putIn(call inputCall) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	task, _, known := l.board.Find(call.Name)
	switch {
	case !known:
		return nil, &link.Refusal{Code: "no-task", Message: "no such task: " + call.Name}
	case len(call.Value) > maxInput:
		return nil, &link.Refusal{Code: "too-long", Message: "that is more than 16 KiB"}
	case !task.Mine:
		l.agent.link.Event(map[string]any{"event": "task-input", "name": call.Name, "value": call.Value})
		return map[string]any{}, nil
	}
	state := l.board.Set(call.Name, func(state *tasks.State) { state.Input = &call.Value })
	l.tell(state)
	l.keep()
	if loop := l.loops[call.Name]; loop != nil {
		select {
		case loop.poke <- struct{}{}:
		default:
		}
	}
	return map[string]any{}, nil
}

// use notes that somebody does something here, so that checks are quick; `here`: on this machine, which others are told.
func (l *lesson) use(here bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	idle := now.Sub(l.used)
	l.used = now
	if idle > tasks.Fresh {
		l.broadcast()
	}
	if here && l.begun && now.Sub(l.toldUse) > useEvery {
		l.toldUse = now
		l.agent.link.Event(map[string]any{"event": "used"})
	}
}

// tell lets the host know how a task stands, when that is worth it. The lock is held.
func (l *lesson) tell(state tasks.State) {
	if l.news.Worth(state, time.Now()) {
		l.agent.link.Event(map[string]any{"event": "task-state", "attempt": l.board.Attempt(), "state": state})
	}
}

// broadcast wakes everybody who waits for a change. The lock is held.
func (l *lesson) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// begin has every open task of ours run. The lock is held.
func (l *lesson) begin() {
	for number, name := range l.board.Mine() {
		if l.loops[name] == nil {
			made := &loop{name: name, stop: make(chan struct{}), poke: make(chan struct{}, 1), spare: number < maxShells}
			if l.agent.settings.Init != "none" {
				made.cage = newCage(number)
			}
			l.loops[name] = made
			go l.run(made)
		}
	}
}

func (l *lesson) endLoops() {
	for name, loop := range l.loops {
		close(loop.stop)
		delete(l.loops, name)
	}
}

// kept is what a new examiner goes on from when this one is killed.
type kept struct {
	Attempt string        `json:"attempt"`
	Tasks   []tasks.Task  `json:"tasks"`
	States  []tasks.State `json:"states"`
}

func (l *lesson) file() string { return l.agent.settings.Folder + "/lesson.json" }

// keep writes all down where it ends with the boot. The lock is held.
func (l *lesson) keep() {
	if !l.begun {
		return
	}
	saved := kept{Attempt: l.board.Attempt()}
	for _, name := range l.board.Names() {
		task, state, _ := l.board.Find(name)
		saved.Tasks, saved.States = append(saved.Tasks, task), append(saved.States, state)
	}
	if text, err := json.Marshal(saved); err == nil {
		if os.WriteFile(l.file()+".new~", text, 0o600) == nil {
			_ = os.Rename(l.file()+".new~", l.file())
		}
	}
}

// resume goes on with what an examiner before us was told.
func (l *lesson) resume() {
	text, err := os.ReadFile(l.file())
	if err != nil {
		return
	}
	var saved kept
	if json.Unmarshal(text, &saved) != nil || len(saved.Tasks) != len(saved.States) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.board.Begin(saved.Attempt)
	for index, task := range saved.Tasks {
		l.board.Assign(task, saved.States[index])
	}
	l.begun = true
	l.begin()
}
