package sys

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Port is a virtio-serial port. Its reads wait for the host to connect, and go on when another one does.
type Port struct {
	fd              int
	readable, ready *edge
}

// edge waits for a descriptor to change. A port without a host is always "hung up", so level-triggered waiting would spin.
type edge struct{ epoll int }

// FindPort returns the device of the virtio-serial port called name; os.ErrNotExist if there is none (yet).
func FindPort(name string) (string, error) {
	files, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return "", err
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(text)) == name {
			return "/dev/" + filepath.Base(filepath.Dir(file)), nil
		}
	}
	return "", os.ErrNotExist
}

// OpenPort opens a port for this process alone: the kernel answers EBUSY while another has it.
func OpenPort(path string) (*Port, error) {
	// non-blocking: blocking writes of this driver spin until the host has taken the bytes
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	readable, err := newEdge(fd)
	if err != nil {
		syscall.Close(fd)
		return nil, err
	}
	ready, err := newEdge(fd)
	if err != nil {
		syscall.Close(fd)
		return nil, err
	}
	return &Port{fd: fd, readable: readable, ready: ready}, nil
}

// Read waits for bytes, however long nobody is connected.
func (p *Port) Read(to []byte) (int, error) {
	for {
		n, err := syscall.Read(p.fd, to)
		switch {
		case n > 0:
			return n, nil
		case err == nil || errors.Is(err, syscall.EAGAIN): // nobody connected, or nothing there
			if err := p.readable.wait(); err != nil {
				return 0, err
			}
		case !errors.Is(err, syscall.EINTR):
			return 0, err
		}
	}
}

// Write waits until the host has taken all of it.
func (p *Port) Write(data []byte) (int, error) {
	written := 0
	for written < len(data) {
		n, err := syscall.Write(p.fd, data[written:])
		switch {
		case n > 0:
			written += n
		case err == nil || errors.Is(err, syscall.EAGAIN):
			if err := p.ready.wait(); err != nil {
				return written, err
			}
		case !errors.Is(err, syscall.EINTR):
			return written, err
		}
	}
	return written, nil
}

// Close gives the port back.
func (p *Port) Close() error {
	syscall.Close(p.readable.epoll)
	syscall.Close(p.ready.epoll)
	return syscall.Close(p.fd)
}

const epollEdge = 1 << 31 // EPOLLET; the constant of package syscall is negative on some machines

func newEdge(fd int) (*edge, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLOUT | epollEdge, Fd: int32(fd)}
	if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
		syscall.Close(epoll)
		return nil, err
	}
	return &edge{epoll}, nil
}

func (e *edge) wait() error {
	var events [1]syscall.EpollEvent
	for {
		_, err := syscall.EpollWait(e.epoll, events[:], -1)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
