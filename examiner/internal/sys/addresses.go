package sys

import (
	"runtime"
	"syscall"
)

const (
	sameAddresses = 0x0040000  // ADDR_NO_RANDOMIZE, include/uapi/linux/personality.h
	tellMe        = 0xFFFFFFFF // changes nothing (personality(2))
)

// AtSameAddresses lets the programs that start begins, and all that they begin in turn, lie at the same addresses each time.
// An emulator that knows code by its address then translates it once, and not once for every process.
func AtSameAddresses(start func() error) error {
	runtime.LockOSThread() // a personality is a thread's
	defer runtime.UnlockOSThread()
	before, _, errno := syscall.RawSyscall(syscall.SYS_PERSONALITY, tellMe, 0, 0)
	if errno == 0 {
		_, _, _ = syscall.RawSyscall(syscall.SYS_PERSONALITY, before|sameAddresses, 0, 0)
		defer func() { _, _, _ = syscall.RawSyscall(syscall.SYS_PERSONALITY, before, 0, 0) }()
	}
	return start()
}
