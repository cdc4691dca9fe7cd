package sys

import (
	"os"
	"syscall"
	"unsafe"
)

const (
	blkGetSize64 = 0x80081272 // BLKGETSIZE64, include/uapi/linux/fs.h
	ext4Resize   = 0x40086610 // EXT4_IOC_RESIZE_FS, include/uapi/linux/ext4.h
	xfsGrowData  = 0x4010586e // XFS_IOC_FSGROWFSDATA, fs/xfs/libxfs/xfs_fs.h
	btrfsResize  = 0x50009403 // BTRFS_IOC_RESIZE, include/uapi/linux/btrfs.h
)

// DeviceSize is a drive's size in bytes.
func DeviceSize(device string) (uint64, error) {
	file, err := os.Open(device)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var size uint64
	err = control(file, func(fd uintptr) error { return Ioctl(fd, blkGetSize64, unsafe.Pointer(&size)) })
	return size, err
}

// GrowExt4 makes a mounted ext4 as large as its drive. The kernel does it online, and does nothing when it fits.
func GrowExt4(mountpoint string, bytes uint64) error {
	var statfs syscall.Statfs_t
	if err := syscall.Statfs(mountpoint, &statfs); err != nil {
		return err
	}
	blocks := bytes / uint64(statfs.Bsize)
	return onFolder(mountpoint, func(fd uintptr) error { return Ioctl(fd, ext4Resize, unsafe.Pointer(&blocks)) })
}

// GrowXFS does the same for xfs; sizes count in its blocks.
func GrowXFS(mountpoint string, bytes uint64) error {
	var statfs syscall.Statfs_t
	if err := syscall.Statfs(mountpoint, &statfs); err != nil {
		return err
	}
	wanted := struct {
		blocks uint64
		imax   uint32
		_      uint32
	}{blocks: bytes / uint64(statfs.Bsize), imax: 25}
	return onFolder(mountpoint, func(fd uintptr) error { return Ioctl(fd, xfsGrowData, unsafe.Pointer(&wanted)) })
}

// GrowBtrfs does the same for btrfs.
func GrowBtrfs(mountpoint string) error {
	var wanted struct {
		fd   int64
		name [4088]byte
	}
	copy(wanted.name[:], "max")
	return onFolder(mountpoint, func(fd uintptr) error { return Ioctl(fd, btrfsResize, unsafe.Pointer(&wanted)) })
}

func onFolder(path string, f func(fd uintptr) error) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return control(folder, f)
}
