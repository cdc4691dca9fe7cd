package ports

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"labyard/examiner/internal/sys"
)

// threads is how many may be in other networks at once.
var threads = make(chan struct{}, 4)

// dial connects inside of a network. Only the socket has to be made there: it belongs to its network for good.
func (n network) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	fd, err := n.socket(to)
	if err != nil {
		return nil, err
	}
	return connect(ctx, fd, to)
}

type made struct {
	fd  int
	err error
}

// socket makes one in the network, which is still the one that was found.
func (n network) socket(to netip.AddrPort) (int, error) {
	namespace, err := os.Open("/proc/" + strconv.Itoa(n.pids[0]) + "/ns/net")
	if err != nil {
		return -1, errors.New("its process has ended")
	}
	defer namespace.Close()
	var told syscall.Stat_t
	if err := syscall.Fstat(int(namespace.Fd()), &told); err != nil || told.Ino != n.inode {
		return -1, errors.New("its process has ended")
	}
	threads <- struct{}{}
	answer := make(chan made, 1)
	go visit(namespace.Fd(), to, answer)
	done := <-answer
	<-threads
	return done.fd, done.err
}

// visit makes a socket in another network. Its thread is never unlocked: it ends with this goroutine, and runs nothing else.
// (So programs must not be started with PR_SET_PDEATHSIG here: they would end with the thread that happened to start them.)
func visit(namespace uintptr, to netip.AddrPort, answer chan<- made) {
	runtime.LockOSThread()
	if syscall.Gettid() == syscall.Getpid() { // the first thread cannot end, and is what /proc/self shows: another one
		elsewhere := make(chan struct{})
		go func() {
			defer close(elsewhere)
			visit(namespace, to, answer)
		}()
		<-elsewhere
		runtime.UnlockOSThread()
		return
	}
	if err := sys.JoinNetwork(namespace); err != nil {
		answer <- made{-1, os.NewSyscallError("setns", err)}
		return
	}
	family := syscall.AF_INET
	if to.Addr().Is6() {
		family = syscall.AF_INET6
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	answer <- made{fd, os.NewSyscallError("socket", err)}
}

// connect takes the socket over, whatever comes of it.
func connect(ctx context.Context, fd int, to netip.AddrPort) (net.Conn, error) {
	file := os.NewFile(uintptr(fd), to.String()) // does not block, so the runtime waits for it
	defer file.Close()
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	if end, ok := ctx.Deadline(); ok {
		if err := file.SetWriteDeadline(end); err != nil {
			return nil, err
		}
	}
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		failed = syscall.Connect(int(fd), sockaddr(to)) // asked again, it says how the first one went
		return failed != syscall.EINPROGRESS && failed != syscall.EALREADY && failed != syscall.EINTR
	})
	if err == nil && failed != nil && failed != syscall.EISCONN {
		err = os.NewSyscallError("connect", failed)
	}
	if err != nil {
		return nil, err
	}
	if err := file.SetWriteDeadline(time.Time{}); err != nil {
		return nil, err
	}
	return net.FileConn(file)
}

func sockaddr(to netip.AddrPort) syscall.Sockaddr {
	if to.Addr().Is4() {
		return &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	return &syscall.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
}
