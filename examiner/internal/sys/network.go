package sys

import (
	"runtime"
	"syscall"
)

// JoinNetwork moves the calling thread, and no other, to the network namespace of an opened file. The caller has locked its
// thread, and does not unlock it.
func JoinNetwork(fd uintptr) error {
	number := uintptr(308) // setns is missing in package syscall
	if runtime.GOARCH == "arm64" {
		number = 268
	}
	if _, _, errno := syscall.RawSyscall(number, fd, syscall.CLONE_NEWNET, 0); errno != 0 {
		return errno
	}
	return nil
}
