package sys

import (
	"encoding/binary"
	"os"
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

const (
	addEntropy = 0x40085203 // RNDADDENTROPY, include/uapi/linux/random.h
	reseedCRNG = 0x5207     // RNDRESEEDCRNG
)

// Reseed credits entropy to the kernel's random numbers and lets them follow from it at once.
func Reseed(entropy []byte) error {
	file, err := os.OpenFile("/dev/urandom", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	info := binary.NativeEndian.AppendUint32(nil, uint32(len(entropy)*8))
	info = binary.NativeEndian.AppendUint32(info, uint32(len(entropy)))
	info = append(info, entropy...)
	return control(file, func(fd uintptr) error {
		if err := Ioctl(fd, addEntropy, unsafe.Pointer(&info[0])); err != nil {
			return err
		}
		return Ioctl(fd, reseedCRNG, nil)
	})
}
