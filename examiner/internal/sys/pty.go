// Package sys holds what the standard library lacks of Linux: ioctls, ptys, the virtio-serial port, module loading.
package sys

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// Ioctl calls ioctl(2) with a pointer argument.
func Ioctl(fd uintptr, request uintptr, argument unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(argument)); errno != 0 {
		return errno
	}
	return nil
}

// OpenPty makes a pseudo terminal: the side we read and write, and the path of the side a program gets.
func OpenPty() (*os.File, string, error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, "", err
	}
	var unlock int32
	var number uint32
	err = control(master, func(fd uintptr) error {
		if err := Ioctl(fd, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock)); err != nil {
			return err
		}
		return Ioctl(fd, syscall.TIOCGPTN, unsafe.Pointer(&number))
	})
	if err != nil {
		master.Close()
		return nil, "", fmt.Errorf("new terminal: %w", err)
	}
	return master, fmt.Sprintf("/dev/pts/%d", number), nil
}

// SetSize tells a terminal its size in characters.
func SetSize(terminal *os.File, cols, rows uint16) error {
	size := [4]uint16{rows, cols}
	return control(terminal, func(fd uintptr) error { return Ioctl(fd, syscall.TIOCSWINSZ, unsafe.Pointer(&size)) })
}

// control runs f on the descriptor without taking it out of the poller, as File.Fd would.
func control(file *os.File, f func(fd uintptr) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(fd) }); err != nil {
		return err
	}
	return inner
}
