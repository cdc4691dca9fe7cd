package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"labyard/examiner/internal/agent"
	"labyard/examiner/internal/boot"
	"labyard/examiner/internal/sys"
)

// runAgent serves the machine's port, or a unix socket: outside of a machine, for tests.
func runAgent(arguments []string) error {
	flags := flag.NewFlagSet("agent", flag.ContinueOnError)
	socket := flags.String("socket", "", "serve this unix socket instead of the machine's port")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *socket != "" {
		return serveSocket(*socket)
	}
	return servePort()
}

// servePort waits until no other examiner has the port, and then serves it.
func servePort() error {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("-1000"), 0)
	lock, err := os.OpenFile(boot.Folder+"/agent.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
	settings, err := boot.Load()
	if err != nil {
		return err
	}
	port, err := openPort()
	if err != nil {
		return err
	}
	return agent.New(port, settings).Serve()
}

func openPort() (*sys.Port, error) {
	for {
		path, err := sys.FindPort(boot.Port)
		if err == nil {
			var port *sys.Port
			if port, err = sys.OpenPort(path); err == nil {
				return port, nil
			}
		}
		// an examiner that was just killed may still be closing it; a machine without the port may get one
		if !errors.Is(err, syscall.EBUSY) && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// serveSocket behaves like the port of a machine: one host at a time, and what they say is one stream of bytes.
func serveSocket(path string) error {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	fmt.Println("serving", path)
	folder, err := os.MkdirTemp("", "labyard-examiner-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	program, err := os.Executable()
	if err != nil {
		return err
	}
	settings := agent.Settings{Init: "none", Folder: folder, Home: folder, Program: program, DefaultUser: strconv.Itoa(os.Getuid())}
	port := &socketPort{listener: listener}
	port.changed = sync.NewCond(&port.mu)
	return agent.New(port, settings).Serve()
}

type socketPort struct {
	listener   net.Listener
	mu         sync.Mutex
	changed    *sync.Cond
	connection net.Conn
}

func (p *socketPort) Read(to []byte) (int, error) {
	for {
		p.mu.Lock()
		connection := p.connection
		p.mu.Unlock()
		if connection != nil {
			if n, err := connection.Read(to); err == nil {
				return n, nil
			}
			p.set(nil)
			connection.Close()
		}
		next, err := p.listener.Accept()
		if err != nil {
			return 0, err
		}
		p.set(next)
	}
}

func (p *socketPort) set(connection net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connection = connection
	p.changed.Broadcast()
}

// Write loses what nobody is there to read, as the machine's port does.
func (p *socketPort) Write(data []byte) (int, error) {
	p.mu.Lock()
	for p.connection == nil {
		p.changed.Wait()
	}
	connection := p.connection
	p.mu.Unlock()
	_, _ = connection.Write(data)
	return len(data), nil
}
