package ctl

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"time"
)

const (
	maxConnections = 64
	// maxWait bounds one wait, in seconds; nobody sits there for longer.
	maxWait = 7 * 24 * 3600
	// patience is how long whoever asked may take to read an answer.
	patience = 10 * time.Second
)

// Backend is who knows the tasks. It is asked by several at once.
type Backend interface {
	// Tasks are all tasks of the play, in the order they are to be shown.
	Tasks() []Task
	// Wait returns the task once it is final. When ctx ends before that: the task as it is, and the error of ctx.
	Wait(ctx context.Context, name string) (Task, error)
	// Input gives a task a value: at most MaxInput bytes of UTF-8 without NUL.
	Input(name, value string) error
}

// Serve answers until the listener is closed, whose error it returns. Whoever is connected then is let go.
func Serve(listener net.Listener, backend Backend) error {
	return server{backend, time.Minute}.listen(listener)
}

// server lets go of a connection that says nothing for as long as idle.
type server struct {
	backend Backend
	idle    time.Duration
}

func (s server) listen(listener net.Listener) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	places := make(chan struct{}, maxConnections)
	for {
		connection, err := listener.Accept()
		if err != nil {
			if passing, ok := err.(interface{ Temporary() bool }); ok && passing.Temporary() && !errors.Is(err, net.ErrClosed) {
				time.Sleep(50 * time.Millisecond) // no descriptors left: some will be closed
				continue
			}
			return err
		}
		select {
		case places <- struct{}{}:
			go func() {
				defer func() { <-places }()
				s.serve(ctx, connection)
			}()
		default:
			_ = reply(connection, refused(&Refusal{"busy", "too many are asking at once"}))
			connection.Close()
		}
	}
}

// serve answers one connection's requests, one after the other.
func (s server) serve(ctx context.Context, connection net.Conn) {
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	reader := bufio.NewReaderSize(connection, maxRequest)
	for {
		_ = connection.SetReadDeadline(time.Now().Add(s.idle))
		line, err := reader.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			_ = reply(connection, refused(&Refusal{"bad-request", "a request is one line, and not as long as this"}))
			return
		}
		if err != nil {
			return
		}
		var asked request
		said := refused(&Refusal{"bad-request", "a request is one line of JSON"})
		if json.Unmarshal(bytes.TrimSpace(line), &asked) == nil {
			said, err = s.respond(ctx, connection, reader, asked)
		}
		if err != nil || reply(connection, said) != nil {
			return
		}
	}
}

// respond fails when nobody waits for an answer any more.
func (s server) respond(ctx context.Context, connection net.Conn, reader *bufio.Reader, asked request) (answer, error) {
	switch asked.Op {
	case "ls":
		return answer{Tasks: s.backend.Tasks()}, nil
	case "get":
		return about(find(s.backend, asked.Name)), nil
	case "wait":
		return s.wait(ctx, connection, reader, asked)
	case "input":
		return s.input(asked), nil
	}
	return refused(&Refusal{"not-built", "this examiner does not know what is asked"}), nil
}

func (s server) input(asked request) answer {
	if err := checkInput(asked.Value); err != nil {
		return refused(err)
	}
	if _, err := find(s.backend, asked.Name); err != nil {
		return refused(err)
	}
	if err := s.backend.Input(asked.Name, asked.Value); err != nil {
		return refused(err)
	}
	return answer{}
}

// wait ends with the task, with its time, or with whoever asked.
func (s server) wait(ctx context.Context, connection net.Conn, reader *bufio.Reader, asked request) (answer, error) {
	if asked.Timeout < 0 || asked.Timeout > maxWait {
		return refused(&Refusal{"bad-request", "a timeout is a number of seconds, and at most a week"}), nil
	}
	if task, err := find(s.backend, asked.Name); err != nil || task.Final() {
		return about(task, err), nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if asked.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(asked.Timeout*float64(time.Second)))
		defer cancel()
	}
	watched := watch(connection, reader, cancel)
	task, err := s.backend.Wait(ctx, asked.Name)
	_ = connection.SetReadDeadline(time.Unix(1, 0))
	<-watched
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return answer{Task: &task, TimedOut: true}, nil
	case errors.Is(err, context.Canceled):
		return answer{}, err
	}
	return about(task, err), nil
}

// watch calls gone when the other side is, and ends when reading from it is made to fail.
func watch(connection net.Conn, reader *bufio.Reader, gone func()) <-chan struct{} {
	_ = connection.SetReadDeadline(time.Time{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if _, err := reader.Peek(1); err != nil {
			gone()
		}
	}()
	return watched
}

func find(backend Backend, name string) (Task, error) {
	for _, task := range backend.Tasks() {
		if task.Name == name {
			return task, nil
		}
	}
	return Task{}, &Refusal{"not-found", "there is no such task"}
}

func about(task Task, err error) answer {
	if err != nil {
		return refused(err)
	}
	return answer{Task: &task}
}

func refused(err error) answer {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return answer{Error: refusal.Message, Code: refusal.Code}
	}
	return answer{Error: err.Error(), Code: "internal"}
}

func reply(connection net.Conn, said answer) error {
	line, err := json.Marshal(said)
	if err != nil {
		return err
	}
	_ = connection.SetWriteDeadline(time.Now().Add(patience))
	_, err = connection.Write(append(line, '\n'))
	return err
}
