package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is a play of three tasks.
type fake struct {
	mu      sync.Mutex
	tasks   []Task
	changed chan struct{}
	inputs  []string
	waiting int
}

func newFake() *fake {
	return &fake{changed: make(chan struct{}), tasks: []Task{
		{Name: "init_one", Machine: "node-01", Kind: "init", Status: Completed, StatusName: "completed", Runs: 1},
		{Name: "verify", Machine: "node-02", Kind: "regular", Status: 30, StatusName: "running", Runs: 7, Hint: "not\tyet\x1b[31m\nred"},
		{Name: "broken", Machine: "node-01", Kind: "regular", Status: Failed, StatusName: "failed", Runs: 2},
	}}
}

func (f *fake) Tasks() []Task {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Task(nil), f.tasks...)
}

func (f *fake) set(name string, status int, word string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for at := range f.tasks {
		if f.tasks[at].Name == name {
			f.tasks[at].Status, f.tasks[at].StatusName = status, word
		}
	}
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fake) count(by int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting += by
}

func (f *fake) waiters() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting
}

func (f *fake) Wait(ctx context.Context, name string) (Task, error) {
	f.count(1)
	defer f.count(-1)
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		task, err := find(f, name)
		if err != nil || task.Final() {
			return task, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return task, ctx.Err()
		}
	}
}

func (f *fake) Input(name, value string) error {
	if name != "verify" {
		return &Refusal{"bad-request", "this task asks for nothing"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inputs = append(f.inputs, value)
	return nil
}

// serving gives the socket of a fake, and what ends its server.
func serving(t *testing.T, path string, backend Backend) (string, func()) {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "s")
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- Serve(listener, backend) }()
	var once sync.Once
	end := func() {
		once.Do(func() {
			listener.Close()
			if err := <-ended; !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		})
	}
	t.Cleanup(end)
	return path, end
}

// until gives up after ten seconds.
func until(t *testing.T, so func() bool) {
	t.Helper()
	for range 1000 {
		if so() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("it never came to that")
}

func call(socket, stdin string, args ...string) (int, string, string) {
	var stdout, stderr bytes.Buffer
	code := client{socket, 10 * time.Second}.run(args, strings.NewReader(stdin), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestTable(t *testing.T) {
	socket, _ := serving(t, "", newFake())
	code, stdout, stderr := call(socket, "", "task", "ls")
	const expected = "" +
		"NAME      MACHINE  KIND     STATUS     RUNS  HINT\n" +
		"init_one  node-01  init     completed  1     \n" +
		"verify    node-02  regular  running    7     not yet\uFFFD[31m red\n" +
		"broken    node-01  regular  failed     2     \n"
	if code != 0 || stdout != expected || stderr != "" {
		t.Fatalf("%d\n%s%s", code, stdout, stderr)
	}
	if _, one, _ := call(socket, "", "task", "get", "broken"); strings.Count(one, "\n") != 2 || !strings.Contains(one, "failed") {
		t.Error(one)
	}
}

func TestJSON(t *testing.T) {
	backend := newFake()
	socket, _ := serving(t, "", backend)
	var tasks []Task
	if _, stdout, _ := call(socket, "", "task", "-o", "json", "ls"); json.Unmarshal([]byte(stdout), &tasks) != nil {
		t.Fatal(stdout)
	}
	var task map[string]any
	_, stdout, _ := call(socket, "", "task", "get", "verify", "--output=json")
	if json.Unmarshal([]byte(stdout), &task) != nil {
		t.Fatal(stdout)
	}
	if len(tasks) != 3 || tasks[1] != backend.tasks[1] || task["status"] != 30.0 || task["status_name"] != "running" {
		t.Error(tasks, task)
	}
	backend.mu.Lock()
	backend.tasks = nil
	backend.mu.Unlock()
	if _, stdout, _ := call(socket, "", "task", "ls", "-ojson"); stdout != "" {
		t.Error("-ojson is no option:", stdout)
	}
	if _, stdout, _ := call(socket, "", "task", "ls", "-o", "json"); stdout != "[]\n" {
		t.Error(stdout)
	}
}

func TestWait(t *testing.T) {
	backend := newFake()
	socket, _ := serving(t, "", backend)
	for _, each := range []struct {
		task   string
		status int
		word   string
		code   int
	}{{"init_one", 0, "completed", 0}, {"broken", 0, "failed", 1}, {"verify", Completed, "completed", 0}} {
		if each.status != 0 {
			go func() {
				until(t, func() bool { return backend.waiters() == 1 })
				backend.set(each.task, each.status, each.word)
			}()
		}
		code, stdout, stderr := call(socket, "", "task", "wait", each.task, "--timeout", "60s")
		if code != each.code || stdout != each.word+"\n" || stderr != "" {
			t.Errorf("%s: %d %q %q", each.task, code, stdout, stderr)
		}
	}
	backend.set("verify", 30, "running")
	for _, timeout := range []string{"0.05", "50ms"} {
		code, stdout, stderr := call(socket, "", "task", "wait", "verify", "--timeout", timeout)
		if code != 124 || stdout != "" || !strings.Contains(stderr, "neither") {
			t.Error(code, stdout, stderr)
		}
	}
}

func TestAWaitOutlivesTheExaminer(t *testing.T) {
	backend := newFake()
	socket, end := serving(t, "", backend)
	done := make(chan int)
	go func() {
		code, _, _ := call(socket, "", "task", "wait", "verify")
		done <- code
	}()
	until(t, func() bool { return backend.waiters() == 1 })
	end()
	until(t, func() bool { return backend.waiters() == 0 })
	again, _ := serving(t, socket, backend)
	until(t, func() bool { return backend.waiters() == 1 })
	backend.set("verify", Completed, "completed")
	if code := <-done; code != 0 || again != socket {
		t.Error(code)
	}
}

func TestAWaitEndsWithWhoeverAsked(t *testing.T) {
	backend := newFake()
	socket, _ := serving(t, "", backend)
	connection, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(connection, `{"op":"wait","name":"verify"}`)
	until(t, func() bool { return backend.waiters() == 1 })
	connection.Close()
	until(t, func() bool { return backend.waiters() == 0 })
}

func TestInput(t *testing.T) {
	backend := newFake()
	socket, _ := serving(t, "", backend)
	long := strings.Repeat("\x01", MaxInput)
	for _, each := range []struct {
		stdin string
		args  []string
	}{
		{"from stdin\n", nil},
		{"", nil},
		{"ignored", []string{"$(touch PWNED) 'x'"}},
		{"", []string{"-5"}},
		{"", []string{"--", "--"}},
		{"", []string{"-h"}},
		{"", []string{""}},
		{long, nil},
	} {
		code, stdout, stderr := call(socket, each.stdin, append([]string{"task", "input", "verify"}, each.args...)...)
		if code != 0 || stdout+stderr != "" {
			t.Error(code, stdout, stderr)
		}
	}
	expected := []string{"from stdin\n", "", "$(touch PWNED) 'x'", "-5", "--", "-h", "", long}
	if fmt.Sprintf("%q", backend.inputs) != fmt.Sprintf("%q", expected) {
		t.Errorf("%.200q", backend.inputs)
	}
	for stdin, words := range map[string]string{long + "x": "at most", "a\x00b": "NUL", "\xff": "UTF-8"} {
		if code, _, stderr := call(socket, stdin, "task", "input", "verify"); code != 2 || !strings.Contains(stderr, words) {
			t.Error(code, stderr)
		}
	}
	if code, _, stderr := call(socket, "x", "task", "input", "broken"); code != 1 || !strings.Contains(stderr, "asks for nothing") {
		t.Error(code, stderr)
	}
}

func TestCommandLines(t *testing.T) {
	socket, _ := serving(t, "", newFake())
	for line, code := range map[string]int{
		"":                                0,
		"--help":                          0,
		"task wait -h":                    0,
		"task list":                       0,
		"task":                            2,
		"play ls":                         2,
		"task retry verify":               2,
		"task get":                        2,
		"task get verify broken":          2,
		"task ls verify":                  2,
		"task ls -o yaml":                 2,
		"task ls -o":                      2,
		"task ls --timeout 3":             2,
		"task wait verify --timeout":      2,
		"task wait verify --timeout soon": 2,
		"task wait verify --timeout 0":    2,
		"task wait verify --timeout -1s":  2,
		"task wait verify --timeout NaN":  2,
		"task wait verify --timeout 1e9":  2,
		"task wait verify --patience 3":   2,
		"task input verify 1 2":           2,
		"task get nothing":                3,
		"task wait nothing --timeout 1":   3,
		"task input nothing x":            3,
	} {
		got, stdout, stderr := call(socket, "", strings.Fields(line)...)
		if got != code || (code == 0) != (stderr == "") || (code != 0) != (stdout == "") {
			t.Errorf("%q: %d %q %q", line, got, stdout, stderr)
		}
	}
}

func TestNobodyIsThere(t *testing.T) {
	nobody := client{filepath.Join(t.TempDir(), "none"), 200 * time.Millisecond}
	for _, line := range []string{"task ls", "task wait verify --timeout 0.1"} {
		var stdout, stderr bytes.Buffer
		code := nobody.run(strings.Fields(line), strings.NewReader(""), &stdout, &stderr)
		if code != 4 || !strings.Contains(stderr.String(), "does not answer") {
			t.Error(line, code, stderr.String())
		}
	}
}
