package files

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// maxSlice is what is read before it is promised, in bytes: also of files that do not know their size, as in /proc.
const maxSlice = 1 << 20

// open opens a regular file. Nothing else is opened at all: a pipe would wait, a device might act.
func open(path string, flag int) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &fault{"not-a-file", path + " is not a regular file"}
	}
	file, err := os.OpenFile(path, flag|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = file.Stat(); err == nil && !info.Mode().IsRegular() {
		err = &fault{"not-a-file", path + " is not a regular file"}
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// read tells a file's size and version, and then what it holds from a place on.
func (d *desk) read(asked question) error {
	file, info, err := open(asked.Path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	size, from := info.Size(), asked.From
	if from < 0 {
		from = max(0, size+from)
	}
	length := min(max(asked.Length, 0), max(0, size-from))
	head := map[string]any{
		"path": asked.Path, "size": size, "from": from, "version": version(info), "modified": info.ModTime().UnixMilli(),
		"writable": syscall.Access(asked.Path, writeBit) == nil,
	}
	if size == 0 {
		length = min(max(asked.Length, 0), maxSlice)
	}
	if length > maxSlice {
		return d.pour(file, head, from, length)
	}
	data := make([]byte, length)
	n, err := file.ReadAt(data, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if int64(n) != length || size == 0 { // it shrank meanwhile, or is none that knows its size
		head["size"] = from + int64(n)
	}
	head["body"] = n
	if err := d.say(head); err != nil {
		return err
	}
	_, err = d.out.Write(data[:n])
	return err
}

// pour sends more than is held in memory.
func (d *desk) pour(file *os.File, head map[string]any, from, length int64) error {
	head["body"] = length
	if err := d.say(head); err != nil {
		return err
	}
	if _, err := io.CopyN(d.out, io.NewSectionReader(file, from, length), length); err != nil {
		return errLost // it shrank, and more was promised
	}
	return nil
}
