package agent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"labyard/examiner/internal/link"
)

const maxTasks = 1024

// errands run scripts once per boot, by name: init tasks. Who asks again joins or gets the result.
type errands struct {
	agent *Agent
	mu    sync.Mutex
	byKey map[string]*errand
}

type errand struct {
	done   chan struct{}
	result any
	err    error
}

type taskCall struct {
	Name    string            `json:"name"`
	Run     string            `json:"run"`
	User    string            `json:"user"`
	Env     map[string]string `json:"env"`
	Timeout float64           `json:"timeout"`
	cancel  <-chan struct{}
	// often: it is run again and again, so its programs lie at the same addresses each time.
	often bool
}

type taskResult struct {
	ExitCode int    `json:"exit_code"`
	Stdout   string `json:"stdout"`
	Stderr   string `json:"stderr"`
	Cut      bool   `json:"cut"`
	TimedOut bool   `json:"timed_out"`
	Duration int64  `json:"duration_ms"`
}

func newErrands(a *Agent) *errands { return &errands{agent: a, byKey: map[string]*errand{}} }

func (t *errands) run(call taskCall) (any, error) {
	if call.Name == "" || len(call.Name) > 256 || strings.ContainsAny(call.Name, "/\x00") || call.Name[0] == '.' {
		return nil, &link.Refusal{Code: "bad-request", Message: "a task needs a name of at most 256 characters, without slashes"}
	}
	t.mu.Lock()
	found := t.byKey[call.Name]
	if found == nil {
		if len(t.byKey) >= maxTasks {
			t.mu.Unlock()
			return nil, &link.Refusal{Code: "busy", Message: "too many tasks were run since the machine booted"}
		}
		found = &errand{done: make(chan struct{})}
		t.byKey[call.Name] = found
		go t.begin(found, call)
	}
	t.mu.Unlock()
	<-found.done
	return found.result, found.err
}

// begin runs the script, unless an examiner before us has: its marks lie in the run folder.
func (t *errands) begin(task *errand, call taskCall) {
	defer close(task.done)
	file := filepath.Join(t.agent.settings.Folder, "tasks", call.Name)
	if text, err := os.ReadFile(file); err == nil {
		var result taskResult
		if json.Unmarshal(text, &result) == nil {
			task.result = result
			return
		}
		task.err = &link.Refusal{Code: "task-lost", Message: "the examiner was killed while this task ran; its end is not known"}
		return
	}
	_ = os.MkdirAll(filepath.Dir(file), 0o700)
	_ = os.WriteFile(file, nil, 0o600)
	result, err := t.agent.script(call, nil)
	if err != nil {
		_ = os.Remove(file)
		t.mu.Lock()
		delete(t.byKey, call.Name) // it never ran: another try may
		t.mu.Unlock()
		task.err = err
		return
	}
	task.result = result
	if text, err := json.Marshal(result); err == nil {
		_ = os.WriteFile(file+".new~", text, 0o600)
		_ = os.Rename(file+".new~", file)
	}
	t.agent.link.Event(map[string]any{"event": "task", "name": call.Name, "exit_code": result.ExitCode})
}
