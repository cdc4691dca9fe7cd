package agent

import (
	"strconv"
	"strings"
	"time"
)

// Whoever runs a script looks for its end first after a short while, and then ever less often. Checks that are due at the same
// instant are so looked at together, and an emulated machine is woken a few times and not by each of them.
const (
	firstLook = 40 * time.Millisecond
	lastLook  = 500 * time.Millisecond
	// soon is when one that prints a lot is looked at again, for it waits while its pipe is full.
	soon = time.Millisecond
	much = 16 << 10
)

// run has it run one of its scripts. Afterwards it may have ended, and does not fit any more.
func (s *shell) run(number int, timeout time.Duration, cancel <-chan struct{}) taskResult {
	started := time.Now()
	for _, each := range []*outlet{s.told, s.stdout, s.stderr} {
		each.forget()
	}
	code, timedOut := s.ran(number, timeout, cancel)
	s.stdout.take()
	s.stderr.take()
	stdout, stderr := &s.stdout.kept, &s.stderr.kept
	result := taskResult{
		ExitCode: code, TimedOut: timedOut, Cut: stdout.cut || stderr.cut, Duration: time.Since(started).Milliseconds(),
		Stdout: strings.TrimSuffix(stdout.text(), "\n"), Stderr: strings.TrimSuffix(stderr.text(), "\n"),
	}
	if timedOut || s.cage.holdsMoreThan(1) || s.over() {
		s.end()
	}
	return result
}

// ran asks, and looks for the answer: the script's exit code, and whether it was given up.
func (s *shell) ran(number int, timeout time.Duration, cancel <-chan struct{}) (int, bool) {
	started := time.Now()
	_, _ = s.ask.WriteString(strconv.Itoa(number) + "\n") // one that has ended is found so below
	for pause, late := firstLook, false; ; {
		if timeout > 0 {
			pause = min(pause, max(timeout-time.Since(started), 0))
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
			late = timeout > 0 && time.Since(started) >= timeout
		case <-cancel:
			timer.Stop()
			late = true
		}
		printed, _ := s.stdout.take()
		complained, _ := s.stderr.take()
		_, open := s.told.take()
		line, _, whole := strings.Cut(s.told.kept.text(), "\n")
		code, err := strconv.Atoi(line)
		switch {
		case whole && err == nil:
			return code, false
		case whole, !open, late:
			s.program.kill()
			<-s.program.done
			s.cage.empty()
			return s.program.code, late && open
		}
		if pause = min(2*pause, lastLook); printed+complained >= much {
			pause = soon
		}
	}
}
