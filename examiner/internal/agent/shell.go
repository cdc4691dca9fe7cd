package agent

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"

	"labyard/examiner/internal/checks"
	"labyard/examiner/internal/sys"
)

// shell waits with some scripts in hand, and forks for each run of one: that costs an emulated machine less than starting one
// anew. What a script does to its shell ends with the fork. docs/develop/checks.md says what each step costs.
type shell struct {
	program *program
	env     map[string]string
	cage    *cage
	// ask and told are its standard input and output: which script to run, and how that ended.
	ask    *os.File
	told   *outlet
	stdout *outlet
	stderr *outlet
}

// Descriptors of a shell beyond the usual three: what its scripts print, and the first of the scripts.
const (
	scriptOutput = 3
	firstScript  = 4
)

// waiting reads the scripts and then, line by line, which of them to run. Any POSIX shell does it. The fork redirects for itself:
// nothing has to be put back in the shell. One that leaves nothing behind in its shell is run without a fork.
func waiting(scripts []string) string {
	var text, cases, fds strings.Builder
	for number, script := range scripts {
		fmt.Fprintf(&text, "labyard_%d=$(cat <&%d)\n", number, firstScript+number)
		fmt.Fprintf(&fds, " %d<&-", firstScript+number)
		open, end := "(", ")"
		if checks.Plain(script) {
			open, end = "{ ", "; }"
		}
		fmt.Fprintf(&cases, "%d) %seval \"$labyard_%d\"%s </dev/null >&%d %d>&-;;\n", number, open, number, end, scriptOutput, scriptOutput)
	}
	fmt.Fprintf(&text, "exec%s\nwhile read -r labyard_n; do\ncase $labyard_n in\n%sesac\necho $?; done", fds.String(), cases.String())
	return text.String()
}

// newShell starts one for a user.
func (a *Agent) newShell(user string, env map[string]string, scripts []string, in *cage) (*shell, error) {
	if user == "" {
		user = "root"
	}
	who, err := find(user)
	if err != nil {
		return nil, err
	}
	a.sessions.ensure(who)
	command, err := a.prepare(who, []string{anyShell(), "-c", waiting(scripts)}, env, "")
	if err != nil {
		return nil, err
	}
	if in != nil {
		place(command.SysProcAttr, in.folder)
	}
	s := &shell{env: env, cage: in}
	if err := s.start(a, who, command, scripts); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *shell) start(a *Agent, who account, command *exec.Cmd, scripts []string) error {
	var theirs []*os.File
	defer func() {
		for _, file := range theirs {
			file.Close()
		}
	}()
	asked, ask, err := os.Pipe()
	if err != nil {
		return err
	}
	theirs, s.ask = append(theirs, asked), ask
	for _, ours := range []**outlet{&s.told, &s.stdout, &s.stderr} {
		var writer *os.File
		if *ours, writer, err = newOutlet(); err != nil {
			return err
		}
		theirs = append(theirs, writer)
	}
	command.Stdin, command.Stdout, command.Stderr = asked, theirs[1], theirs[3]
	command.ExtraFiles = []*os.File{theirs[2]}
	for _, script := range scripts {
		file, err := scriptFile(script)
		if err != nil {
			return err
		}
		theirs, command.ExtraFiles = append(theirs, file), append(command.ExtraFiles, file)
	}
	return sys.AtSameAddresses(func() (err error) {
		s.program, err = a.start(who, command)
		return err
	})
}

// fits tells whether it can go on being used.
func (s *shell) fits(env map[string]string) bool {
	return s != nil && s.program != nil && maps.Equal(s.env, env)
}

func (s *shell) close() {
	if s.ask != nil {
		s.ask.Close()
	}
	for _, each := range []*outlet{s.told, s.stdout, s.stderr} {
		if each != nil {
			each.close()
		}
	}
}

// end ends it, with all that it left behind.
func (s *shell) end() {
	if s == nil || s.program == nil {
		return
	}
	s.program.kill()
	<-s.program.done
	s.cage.empty()
	s.close()
	s.program = nil
}

func (s *shell) over() bool {
	select {
	case <-s.program.done:
		return true
	default:
		return false
	}
}
