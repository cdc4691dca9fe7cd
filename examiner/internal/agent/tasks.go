package agent

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"labyard/examiner/internal/link"
)

const (
	maxTasks = 1024
	// maxKept bounds what is kept of each output of a task: its last bytes
	maxKept = 64 << 10
)

// tasks run scripts once per boot, by name; who asks again joins or gets the result.
type tasks struct {
	agent *Agent
	mu    sync.Mutex
	byKey map[string]*task
}

type task struct {
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
}

type taskResult struct {
	ExitCode int    `json:"exit_code"`
	Stdout   string `json:"stdout"`
	Stderr   string `json:"stderr"`
	Cut      bool   `json:"cut"`
	TimedOut bool   `json:"timed_out"`
	Duration int64  `json:"duration_ms"`
}

func newTasks(a *Agent) *tasks { return &tasks{agent: a, byKey: map[string]*task{}} }

func (t *tasks) run(call taskCall) (any, error) {
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
		found = &task{done: make(chan struct{})}
		t.byKey[call.Name] = found
		go t.begin(found, call)
	}
	t.mu.Unlock()
	<-found.done
	return found.result, found.err
}

// begin runs the script, unless an examiner before us has: its marks lie in the run folder.
func (t *tasks) begin(task *task, call taskCall) {
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
	result, err := t.agent.script(call)
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

// script runs a task's text to its end, keeping the last of its outputs.
func (a *Agent) script(call taskCall) (taskResult, error) {
	var result taskResult
	if call.User == "" {
		call.User = "root"
	}
	who, err := find(call.User)
	if err != nil {
		return result, err
	}
	a.sessions.ensure(who)
	text, err := scriptFile(call.Run)
	if err != nil {
		return result, err
	}
	defer text.Close()
	shell := anyShell()
	command, err := a.prepare(who, []string{shell, "/proc/self/fd/3"}, call.Env, "")
	if err != nil {
		return result, err
	}
	command.ExtraFiles = []*os.File{text}
	stdout, stderr := &tail{}, &tail{}
	run := &execution{pipes: map[uint8]*os.File{}}
	defer run.close()
	started := time.Now()
	if err := run.startPipes(a, who, command); err != nil {
		return result, err
	}
	run.input.Close()
	var copied sync.WaitGroup
	for channel, keep := range map[uint8]*tail{link.Stdout: stdout, link.Stderr: stderr} {
		copied.Add(1)
		go func() {
			defer copied.Done()
			drain(run.pipes[channel], run.program.done, keep.write)
		}()
	}
	result.TimedOut = run.program.within(seconds(call.Timeout))
	copied.Wait()
	result.ExitCode = run.program.code
	result.Stdout = strings.TrimSuffix(stdout.text(), "\n")
	result.Stderr = strings.TrimSuffix(stderr.text(), "\n")
	result.Cut = stdout.cut || stderr.cut
	result.Duration = time.Since(started).Milliseconds()
	return result, nil
}

// scriptFile holds a script where its shell reads it by descriptor, whatever the user may read.
func scriptFile(text string) (*os.File, error) {
	file, err := os.CreateTemp("", "labyard-task-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	if err := file.Chmod(0o644); err != nil { // it is opened anew, with the user's rights
		return nil, err
	}
	if _, err := file.WriteString(text); err != nil {
		file.Close()
		return nil, err
	}
	_, err = file.Seek(0, 0)
	return file, err
}

// within waits for the end; true: the time was up and the session was killed.
func (p *program) within(timeout time.Duration) bool {
	if timeout <= 0 {
		<-p.done
		return false
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return false
	case <-timer.C:
		p.kill()
		<-p.done
		return true
	}
}

// tail keeps the last bytes written to it.
type tail struct {
	kept bytes.Buffer
	cut  bool
}

func (t *tail) write(data []byte) error {
	t.kept.Write(data)
	if over := t.kept.Len() - maxKept; over > 0 {
		t.kept.Next(over)
		t.cut = true
	}
	return nil
}

func (t *tail) text() string { return strings.ToValidUTF8(t.kept.String(), "\uFFFD") }
