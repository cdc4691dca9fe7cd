package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
)

const (
	// maxInPlace is what is taken whole, in bytes, before the file is touched; it then stays the same file: to links,
	// to containers it is mounted into, to whoever watches it.
	maxInPlace = 4 << 20
	maxWritten = 1 << 40
	expectNew  = "new"
	expectAny  = "any"
)

// write replaces a file's content, unless it is not what whoever writes has seen. It asks for the content ("go") once
// nothing speaks against it.
func (d *desk) write(asked question) error {
	if asked.Size < 0 || asked.Size > maxWritten || asked.Expect == "" {
		return &fault{"bad-request", "say what is expected, and how much will come"}
	}
	if err := asExpected(asked); err != nil {
		return err
	}
	if asked.Size > maxInPlace {
		return d.upload(asked)
	}
	if err := mayWrite(asked); err != nil {
		return err
	}
	data := make([]byte, asked.Size)
	if err := d.take(data); err != nil {
		return err
	}
	if err := asExpected(asked); err != nil {
		return err
	}
	if asked.Expect == expectNew {
		return d.written(asked.Path, create(asked.Path, data))
	}
	return d.written(asked.Path, overwrite(asked.Path, data))
}

// asExpected compares what is there with what was seen.
func asExpected(asked question) error {
	info, err := os.Stat(asked.Path)
	switch {
	case asked.Expect == expectNew:
		if _, err := os.Lstat(asked.Path); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return err
			}
			return &fault{"exists", asked.Path + " is there already"}
		}
		return nil
	case errors.Is(err, fs.ErrNotExist) && asked.Expect != expectAny:
		return &fault{"changed", asked.Path + " is gone"}
	case err != nil:
		return err
	case info.IsDir():
		return &fault{"not-a-file", asked.Path + " is a folder"}
	case asked.Expect != expectAny && version(info) != asked.Expect:
		return &fault{"changed", asked.Path + " was changed by somebody else"}
	}
	return nil
}

// mayWrite tells before the content comes what the kernel would say afterwards.
func mayWrite(asked question) error {
	if asked.Expect == expectNew {
		return mayMakeIn(filepath.Dir(asked.Path))
	}
	file, _, err := open(asked.Path, os.O_WRONLY)
	if err != nil {
		return err
	}
	return file.Close()
}

func mayMakeIn(folder string) error {
	const writeAndEnter = 3 // W_OK|X_OK
	if err := syscall.Access(folder, writeAndEnter); err != nil {
		return &os.PathError{Op: "write into", Path: folder, Err: err}
	}
	return nil
}

// take asks for content and waits for all of it.
func (d *desk) take(data []byte) error {
	if err := d.goOn(); err != nil {
		return err
	}
	if _, err := io.ReadFull(d.in, data); err != nil {
		return errLost
	}
	return nil
}

func (d *desk) goOn() error {
	return errors.Join(d.say(map[string]any{"go": true}), d.out.Flush())
}

// written tells the version that whoever wrote has now seen.
func (d *desk) written(path string, err error) error {
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return d.say(map[string]any{"path": path, "size": info.Size(), "version": version(info)})
}

func create(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(path)
	}
	return err
}

// overwrite makes room before it touches what is there: a full disk then costs nothing.
func overwrite(path string, data []byte) error {
	file, info, err := open(path, os.O_WRONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	const keepSize = 1 // FALLOC_FL_KEEP_SIZE
	if size := int64(len(data)); size > info.Size() {
		err := syscall.Fallocate(int(file.Fd()), keepSize, 0, size)
		if err != nil && !errors.Is(err, syscall.EOPNOTSUPP) && !errors.Is(err, syscall.ENOSYS) {
			_ = file.Truncate(info.Size()) // gives back what was reserved
			return &os.PathError{Op: "write", Path: path, Err: err}
		}
	}
	if _, err := file.WriteAt(data, 0); err != nil && len(data) > 0 {
		return err
	}
	return file.Truncate(int64(len(data)))
}

// upload takes more than is held in memory into a file beside, which then takes the place.
func (d *desk) upload(asked question) error {
	mode := fs.FileMode(0o644)
	path := asked.Path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if asked.Expect != expectNew {
		file, info, err := open(path, os.O_WRONLY)
		if err != nil {
			return err
		}
		file.Close()
		mode = info.Mode().Perm()
	}
	beside, err := os.CreateTemp(filepath.Dir(path), ".labyard-*")
	if err != nil {
		return err
	}
	defer beside.Close()
	defer unfinished.hold(beside.Name())()
	if err := d.goOn(); err != nil {
		return err
	}
	arrived, err := io.CopyN(beside, d.in, asked.Size)
	if err != nil {
		if _, gone := io.CopyN(io.Discard, d.in, asked.Size-arrived); gone != nil {
			return errLost
		}
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := asExpected(asked); err != nil {
		return err
	}
	if err := errors.Join(beside.Chmod(mode), beside.Close(), os.Rename(beside.Name(), path)); err != nil {
		return err
	}
	return d.written(path, nil)
}

// unfinished is the file beside that is being written: it goes when whoever sends it does.
var unfinished hold

type hold struct {
	mu   sync.Mutex
	path string
	once sync.Once
}

// hold has a file removed at a hangup, and by what it returns.
func (h *hold) hold(path string) func() {
	h.once.Do(func() {
		hangup := make(chan os.Signal, 1)
		signal.Notify(hangup, syscall.SIGHUP)
		go func() {
			<-hangup
			h.drop()
			os.Exit(1)
		}()
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.path = path
	return h.drop
}

func (h *hold) drop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.path != "" {
		_ = os.Remove(h.path)
	}
	h.path = ""
}
