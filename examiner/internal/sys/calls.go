package sys

import (
	"runtime"
	"syscall"
	"unsafe"
)

const moduleCompressed = 4 // MODULE_INIT_COMPRESSED_FILE, from include/uapi/linux/module.h

// LoadModule gives an opened kernel module to the kernel; compressed ones are unpacked by it. Loaded before: no error.
func LoadModule(fd uintptr, compressed bool) error {
	number := uintptr(313) // finit_module is missing in package syscall
	if runtime.GOARCH == "arm64" {
		number = 273
	}
	flags := uintptr(0)
	if compressed {
		flags = moduleCompressed
	}
	var empty [1]byte
	_, _, errno := syscall.Syscall(number, fd, uintptr(unsafe.Pointer(&empty[0])), flags)
	if errno == 0 || errno == syscall.EEXIST {
		return nil
	}
	return errno
}
