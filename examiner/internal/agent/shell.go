package agent

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"labyard/examiner/internal/link"
)

// shell waits with some scripts in hand, and forks for each run of one: that costs an emulated machine less than starting one
// anew. What a script does to its shell ends with the fork.
type shell struct {
	program *program
	env     map[string]string
	ask     *os.File
	told    *bufio.Reader
	closing []*os.File
	pipes   map[uint8]*os.File
	cage    *cage
}

// waiting reads the scripts and then, line by line, which of them to run. Any POSIX shell does it.
func waiting(scripts int) string {
	var text strings.Builder
	var cases, fds strings.Builder
	for number := range scripts {
		fmt.Fprintf(&text, "labyard_%d=$(cat <&%d)\n", number, firstScript+number)
		fmt.Fprintf(&cases, "%d) eval \"$labyard_%d\";; ", number, number)
		fmt.Fprintf(&fds, " %d<&-", firstScript+number)
	}
	fmt.Fprintf(&text, "exec%s\n", fds.String())
	text.WriteString("while read -r labyard_n <&3; do (exec 3<&- 4>&-; case $labyard_n in " + cases.String() + "esac) </dev/null\n")
	text.WriteString("echo $? >&4; done")
	return text.String()
}

// firstScript is the descriptor of the first script: 3 asks, and 4 tells.
const firstScript = 5

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
	command, err := a.prepare(who, []string{anyShell(), "-c", waiting(len(scripts))}, env, "")
	if err != nil {
		return nil, err
	}
	s := &shell{env: env, cage: in, pipes: map[uint8]*os.File{}}
	asked, ask, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.ask, s.closing = ask, append(s.closing, ask)
	defer asked.Close()
	told, tell, err := os.Pipe()
	if err != nil {
		s.close()
		return nil, err
	}
	s.told, s.closing = bufio.NewReaderSize(told, 64), append(s.closing, told)
	defer tell.Close()
	command.ExtraFiles = []*os.File{asked, tell}
	for _, script := range scripts {
		file, err := scriptFile(script)
		if err != nil {
			s.close()
			return nil, err
		}
		defer file.Close()
		command.ExtraFiles = append(command.ExtraFiles, file)
	}
	if in != nil {
		place(command.SysProcAttr, in.folder)
	}
	run := &execution{pipes: s.pipes}
	if err := run.startPipes(a, who, command); err != nil {
		run.close()
		s.close()
		return nil, err
	}
	run.input.Close()
	s.program = run.program
	return s, nil
}

// fits tells whether it can go on being used.
func (s *shell) fits(env map[string]string) bool { return s != nil && s.program != nil && maps.Equal(s.env, env) }

func (s *shell) close() {
	for _, file := range s.closing {
		file.Close()
	}
	for _, pipe := range s.pipes {
		pipe.Close()
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

// run has it run one of its scripts. Afterwards it may have ended, and does not fit any more.
func (s *shell) run(number int, timeout time.Duration, cancel <-chan struct{}) taskResult {
	started := time.Now()
	kept := map[uint8]*tail{link.Stdout: {}, link.Stderr: {}}
	var reading sync.WaitGroup
	for channel, pipe := range s.pipes {
		reading.Add(1)
		go func() {
			defer reading.Done()
			follow(pipe, kept[channel])
		}()
	}
	code, timedOut := s.ran(number, timeout, cancel)
	for _, pipe := range s.pipes {
		_ = pipe.SetReadDeadline(time.Now())
	}
	reading.Wait()
	for channel, pipe := range s.pipes {
		_ = pipe.SetReadDeadline(time.Time{})
		rest(pipe, kept[channel])
	}
	stdout, stderr := kept[link.Stdout], kept[link.Stderr]
	result := taskResult{
		ExitCode: code, TimedOut: timedOut, Cut: stdout.cut || stderr.cut, Duration: time.Since(started).Milliseconds(),
		Stdout: strings.TrimSuffix(stdout.text(), "\n"), Stderr: strings.TrimSuffix(stderr.text(), "\n"),
	}
	if timedOut || s.cage.holdsMoreThan(1) || s.over() {
		s.end()
	}
	return result
}

func (s *shell) over() bool {
	select {
	case <-s.program.done:
		return true
	default:
		return false
	}
}

// ran asks and waits for the answer: the script's exit code, and whether it was given up.
func (s *shell) ran(number int, timeout time.Duration, cancel <-chan struct{}) (int, bool) {
	answer := make(chan string, 1)
	go func() {
		line, _ := s.told.ReadString('\n') // ends with the shell, too: nobody else holds the other end
		answer <- line
	}()
	if _, err := fmt.Fprintln(s.ask, number); err != nil {
		<-s.program.done
	}
	var expired <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case line := <-answer:
		if code, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			return code, false
		}
		s.program.kill()
		<-s.program.done
		return s.program.code, false
	case <-s.program.done:
		return s.program.code, false
	case <-expired:
	case <-cancel:
	}
	s.program.kill()
	<-s.program.done
	s.cage.empty()
	return s.program.code, true
}

// follow keeps what comes until its deadline.
func follow(pipe *os.File, kept *tail) {
	buffer := make([]byte, 4096)
	for {
		n, err := pipe.Read(buffer)
		_ = kept.write(buffer[:n])
		if err != nil {
			return
		}
	}
}

// rest keeps what is in a pipe now, without waiting.
func rest(pipe *os.File, kept *tail) {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	buffer := make([]byte, bufferSize)
	for left := leftoverBytes; left > 0; {
		n := 0
		err := raw.Read(func(descriptor uintptr) bool {
			read, err := syscall.Read(int(descriptor), buffer)
			for errors.Is(err, syscall.EINTR) {
				read, err = syscall.Read(int(descriptor), buffer)
			}
			n = max(read, 0)
			return true
		})
		if err != nil || n == 0 {
			return
		}
		_ = kept.write(buffer[:n])
		left -= n
	}
}
