package agent

import (
	"errors"
	"os"
	"syscall"
)

const (
	// atOnce is what is read of a pipe in one go, and mostOnce in one look.
	atOnce   = 4 << 10
	mostOnce = 1 << 20
)

// outlet is the end of a pipe that is looked into now and then. The runtime does not know of it: it would be woken by whatever
// comes out.
type outlet struct {
	descriptor int
	kept       tail
}

// newOutlet makes one, and the end to write to.
func newOutlet() (*outlet, *os.File, error) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, err
	}
	writer := os.NewFile(uintptr(ends[1]), "pipe")
	if err := syscall.SetNonblock(ends[0], true); err != nil {
		syscall.Close(ends[0])
		writer.Close()
		return nil, nil, err
	}
	return &outlet{descriptor: ends[0]}, writer, nil
}

// take keeps what is in it now: how many bytes, and whether more can come.
func (o *outlet) take() (int, bool) {
	var buffer [atOnce]byte
	for taken := 0; ; {
		n, err := syscall.Read(o.descriptor, buffer[:])
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil || n <= 0:
			return taken, errors.Is(err, syscall.EAGAIN)
		}
		_ = o.kept.write(buffer[:n])
		if taken += n; n < len(buffer) || taken >= mostOnce {
			return taken, true
		}
	}
}

// forget empties it.
func (o *outlet) forget() {
	o.take()
	o.kept = tail{}
}

func (o *outlet) close() { syscall.Close(o.descriptor) }
