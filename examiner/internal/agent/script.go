package agent

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"time"

	"labyard/examiner/internal/link"
	"labyard/examiner/internal/sys"
)

// maxKept bounds what is kept of each output of a script: its last bytes.
const maxKept = 64 << 10

// script runs a task's text to its end, keeping the last of its outputs. What it leaves behind in a cage ends with it.
func (a *Agent) script(call taskCall, in *cage) (taskResult, error) {
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
	command, err := a.prepare(who, []string{anyShell(), "/proc/self/fd/3"}, call.Env, "")
	if err != nil {
		return result, err
	}
	command.ExtraFiles = []*os.File{text}
	if in != nil {
		place(command.SysProcAttr, in.folder)
	}
	stdout, stderr := &tail{}, &tail{}
	run := &execution{pipes: map[uint8]*os.File{}}
	defer run.close()
	started := time.Now()
	start := func() error { return run.startPipes(a, who, command) }
	if call.often {
		err = sys.AtSameAddresses(start)
	} else {
		err = start()
	}
	if err != nil {
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
	result.TimedOut = run.program.within(seconds(call.Timeout), call.cancel)
	in.empty()
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

// within waits for the end; true: the time was up, or it was cancelled, and the session was killed.
func (p *program) within(timeout time.Duration, cancel <-chan struct{}) bool {
	var expired <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-p.done:
		return false
	case <-expired:
	case <-cancel:
	}
	p.kill()
	<-p.done
	return true
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
