package files

import (
	"errors"
	"syscall"
)

// fault is why something was not done: a stable code, and words.
type fault struct{ code, message string }

func (f *fault) Error() string { return f.message }

var codes = map[syscall.Errno]string{
	syscall.ENOENT:       "no-file",
	syscall.ENOTDIR:      "not-a-folder",
	syscall.EISDIR:       "not-a-file",
	syscall.EACCES:       "denied",
	syscall.EPERM:        "denied",
	syscall.EROFS:        "denied",
	syscall.EEXIST:       "exists",
	syscall.ENOTEMPTY:    "not-empty",
	syscall.ENOSPC:       "no-space",
	syscall.EDQUOT:       "no-space",
	syscall.EFBIG:        "no-space",
	syscall.EBUSY:        "in-use",
	syscall.ETXTBSY:      "in-use",
	syscall.EXDEV:        "other-drive",
	syscall.EINVAL:       "bad-request",
	syscall.ELOOP:        "bad-request",
	syscall.ENAMETOOLONG: "bad-request",
}

func faultOf(err error) *fault {
	var known *fault
	if errors.As(err, &known) {
		return known
	}
	var number syscall.Errno
	if errors.As(err, &number) && codes[number] != "" {
		return &fault{codes[number], err.Error()}
	}
	return &fault{"failed", err.Error()}
}
