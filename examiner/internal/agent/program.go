package agent

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"labyard/examiner/internal/link"
)

// grace is how long a program may go on after SIGHUP.
const grace = 2 * time.Second

// program is a process that leads a session of its own, so that all it starts can be ended with it.
type program struct {
	command *exec.Cmd
	done    chan struct{}
	code    int
}

// prepare makes the command of argv as a user, without starting it.
func (a *Agent) prepare(who account, argv []string, env map[string]string, cwd string) (*exec.Cmd, error) {
	if len(argv) == 0 || argv[0] == "" {
		return nil, &link.Refusal{Code: "bad-request", Message: "no program was named"}
	}
	environment := who.environment(env)
	if cwd == "" {
		cwd = who.home
		if syscall.Access(cwd, 1) != nil { // X_OK
			cwd = "/"
		}
	} else if info, err := os.Stat(cwd); err != nil || !info.IsDir() {
		return nil, &link.Refusal{Code: "no-folder", Message: "no such folder: " + cwd}
	}
	path, err := lookPath(argv[0], environment, cwd)
	if err != nil {
		return nil, err
	}
	command := &exec.Cmd{Path: path, Args: argv, Env: environment, Dir: cwd}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: who.credential()}
	return command, nil
}

// start runs it. The agent's protection from the memory killer is not for what it starts.
func (a *Agent) start(who account, command *exec.Cmd) (*program, error) {
	if a.settings.Init != "none" && !command.SysProcAttr.UseCgroupFD {
		if folder := group(who); folder != nil {
			defer folder.Close()
			place(command.SysProcAttr, folder)
		}
	}
	if err := command.Start(); err != nil {
		return nil, &link.Refusal{Code: "not-started", Message: err.Error()}
	}
	if os.Getuid() == 0 {
		_ = os.WriteFile("/proc/"+strconv.Itoa(command.Process.Pid)+"/oom_score_adj", []byte("0"), 0)
	}
	p := &program{command: command, done: make(chan struct{})}
	go func() {
		_ = command.Wait()
		p.code = exitCode(command.ProcessState)
		close(p.done)
	}()
	return p, nil
}

func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// kill ends the whole session at once.
func (p *program) kill() { p.signal(syscall.SIGKILL) }

// hangup asks first, as a closed terminal does, and insists after a while.
func (p *program) hangup() {
	p.signal(syscall.SIGHUP)
	p.signal(syscall.SIGCONT)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	p.kill()
}

// signal reaches the program's group and everything else in its session.
func (p *program) signal(signal syscall.Signal) {
	leader := p.command.Process.Pid
	_ = syscall.Kill(-leader, signal)
	for _, pid := range processes() {
		if sessionOf(pid) == leader {
			_ = syscall.Kill(pid, signal)
		}
	}
}

func processes() []int {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// stat returns the fields of /proc/PID/stat from the state on; nil when the process is gone.
func stat(pid int) []string { return statFields("/proc/" + strconv.Itoa(pid) + "/stat") }

// statFields are the fields of a stat file behind the name; none when the process is gone.
func statFields(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	end := strings.LastIndexByte(string(text), ')') // names may hold blanks and brackets
	return strings.Fields(string(text)[end+1:])
}

func sessionOf(pid int) int {
	if fields := stat(pid); len(fields) > 3 {
		session, _ := strconv.Atoi(fields[3])
		return session
	}
	return -1
}
