package agent

import (
	"errors"
	"io"
	"os"
	"time"

	"labyard/examiner/internal/link"
	"labyard/examiner/internal/sys"
	"labyard/examiner/internal/wire"
)

const (
	bufferSize = wire.MaxData // what is read at once then fits one frame
	// what a program left in its pipes is still read when it has ended; what its children go on writing is not
	leftoverWait  = 100 * time.Millisecond
	leftoverBytes = 1 << 20
)

func (a *Agent) userOf(name string) (account, error) {
	if name == "" {
		name = a.settings.DefaultUser
	}
	who, err := find(name)
	if a.settings.Home != "" {
		who.home = a.settings.Home
	}
	return who, err
}

func (a *Agent) exec(stream *link.Stream, request request) error {
	who, err := a.userOf(request.User)
	if err != nil {
		return err
	}
	a.sessions.ensure(who)
	command, err := a.prepare(who, request.Argv, request.Env, request.Cwd)
	if err != nil {
		return err
	}
	run := &execution{stream: stream, pipes: map[uint8]*os.File{}}
	if request.Tty {
		err = run.startTty(a, who, command, request.Cols, request.Rows)
	} else {
		err = run.startPipes(a, who, command)
	}
	if err != nil {
		run.close()
		return err
	}
	stream.Accept()
	a.lesson.use(true)
	defer a.lesson.use(true) // what it did may be what a task waits for
	run.serve(seconds(request.Timeout))
	return nil
}

// execution is one program with its pipes, for as long as its stream lasts.
type execution struct {
	stream  *link.Stream
	program *program
	input   *os.File
	pipes   map[uint8]*os.File
	tty     bool
	// asked is called for whatever comes in; none where that is nobody's business.
	asked func()
}

func (e *execution) close() {
	if e.input != nil {
		e.input.Close()
	}
	for _, pipe := range e.pipes {
		pipe.Close()
	}
}

func (e *execution) serve(timeout time.Duration) {
	defer e.close()
	go e.feed()
	copied := make(chan struct{}, len(e.pipes))
	for channel, pipe := range e.pipes {
		go func() {
			e.copyOut(channel, pipe)
			copied <- struct{}{}
		}()
	}
	timedOut := e.wait(timeout)
	for range e.pipes {
		<-copied
	}
	code := e.program.code
	e.stream.End(link.Result{ExitCode: &code, TimedOut: timedOut})
}

// wait returns when the program has ended, by itself or by us; true: its time was up.
func (e *execution) wait(timeout time.Duration) bool {
	var expired <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		expired = timer.C
	}
	for {
		select {
		case <-e.program.done:
			return false
		case <-expired:
			e.program.kill()
			<-e.program.done
			return true
		case <-e.stream.Gone:
			e.program.hangup()
			<-e.program.done
			return false
		case size := <-e.stream.Resizes:
			if e.tty {
				_ = sys.SetSize(e.input, size.Cols, size.Rows)
			}
		}
	}
}

func (e *execution) feed() {
	buffer := make([]byte, bufferSize)
	for {
		n, err := e.stream.Read(buffer)
		if n > 0 {
			if e.asked != nil {
				e.asked()
			}
			if _, err := e.input.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			e.endInput(err)
			return
		}
	}
}

func (e *execution) endInput(err error) {
	switch {
	case !errors.Is(err, io.EOF):
	case e.tty:
		_, _ = e.input.Write([]byte{4}) // a terminal's end of input is a key
	default:
		e.input.Close()
	}
}

// copyOut sends what comes until the pipe ends, or until the program has ended and its pipe is empty.
func (e *execution) copyOut(channel uint8, pipe *os.File) {
	drain(pipe, e.program.done, func(data []byte) error { return e.stream.Send(channel, data) })
}

// drain hands on what comes from a pipe or pty until it ends; once done is closed, until nothing is left in it.
func drain(pipe *os.File, done <-chan struct{}, take func([]byte) error) {
	finished := make(chan struct{})
	defer close(finished)
	go func() {
		select {
		case <-done:
			_ = pipe.SetReadDeadline(time.Now().Add(leftoverWait))
		case <-finished:
		}
	}()
	buffer := make([]byte, bufferSize)
	left, again := leftoverBytes, false
	for left > 0 {
		n, err := pipe.Read(buffer)
		if n > 0 && take(buffer[:n]) != nil {
			return
		}
		// a deadline may have passed while we were kept from reading: only a second one in a row means "empty"
		late := errors.Is(err, os.ErrDeadlineExceeded)
		if err != nil && (!late || again) {
			return
		}
		again = late
		select {
		case <-done:
			left -= n
			_ = pipe.SetReadDeadline(time.Now().Add(leftoverWait))
		default:
		}
	}
}
