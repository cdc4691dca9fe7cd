package files

import (
	"os"
	"syscall"
)

// move gives a file or folder another path, which must be free.
func (d *desk) move(asked question) error {
	to, err := place(asked.To)
	if err != nil || asked.To == "" {
		return &fault{"bad-request", "say where to"}
	}
	if _, err := os.Lstat(to); err == nil {
		return &fault{"exists", to + " is there already"}
	}
	return d.done(os.Rename(asked.Path, to))
}

// remove takes a file or link, a folder only when it is empty or all of it is meant.
func (d *desk) remove(asked question) error {
	info, err := os.Lstat(asked.Path)
	if err != nil {
		return err
	}
	if asked.Path == "/" {
		return &fault{"denied", "the root of all folders stays"}
	}
	if !info.IsDir() {
		return d.done(os.Remove(asked.Path))
	}
	if asked.Recursive {
		return d.done(os.RemoveAll(asked.Path))
	}
	if err := syscall.Rmdir(asked.Path); err != nil {
		return &os.PathError{Op: "remove", Path: asked.Path, Err: err}
	}
	return d.done(nil)
}
