// Package files answers an editor's questions about files. It works as whoever it was started by, so that the kernel
// decides what may be seen and changed.
package files

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	maxQuestion = 64 << 10
	maxPath     = 4096 // bytes, as the kernel has it
)

// errLost ends the conversation: what was promised can no longer be sent, or does not come.
var errLost = errors.New("the conversation is broken")

// question is every field of every question; each operation reads its own.
type question struct {
	Op   string `json:"op"`
	Path string `json:"path"`
	// To is the new path of a move.
	To string `json:"to"`
	// From is where reading begins, from the end where it is negative; Length is how much, in bytes.
	From   int64 `json:"from"`
	Length int64 `json:"length"`
	// Offset and Limit count entries of a folder.
	Offset int `json:"offset"`
	Limit  int `json:"limit"`
	// Size is how many bytes are to be written; Expect what is there now: a version, "new" for nothing, "any".
	Size   int64  `json:"size"`
	Expect string `json:"expect"`
	// Recursive lets a folder go with all that is in it.
	Recursive bool   `json:"recursive"`
	Text      string `json:"text"`
	Case      bool   `json:"case"`
	Regex     bool   `json:"regex"`
}

// desk is one conversation: a question is a line of JSON, an answer is another one, and bytes where it says so.
type desk struct {
	in  *bufio.Reader
	out *bufio.Writer
	// last is the folder that was read last: its further parts are asked for next.
	last folderNames
}

// Serve answers questions, one after another, until its input ends.
func Serve(in io.Reader, out io.Writer) error {
	d := &desk{in: bufio.NewReaderSize(in, maxQuestion), out: bufio.NewWriterSize(out, 32<<10)}
	for {
		line, err := d.in.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := d.reply(line); err != nil {
			return err
		}
	}
}

// reply answers one question; an error of its own is the end of the conversation.
func (d *desk) reply(line []byte) error {
	var asked question
	err := json.Unmarshal(line, &asked)
	if err != nil {
		err = &fault{"bad-request", "the question cannot be read"}
	} else {
		err = d.answer(asked)
	}
	if errors.Is(err, errLost) {
		return err
	}
	if err != nil {
		known := faultOf(err)
		err = d.say(map[string]any{"error": known.message, "code": known.code})
	}
	return errors.Join(err, d.out.Flush())
}

func (d *desk) answer(asked question) error {
	path, err := place(asked.Path)
	if err != nil {
		return err
	}
	asked.Path = path
	switch asked.Op {
	case "list":
		return d.list(asked)
	case "stat":
		return d.stat(asked)
	case "read":
		return d.read(asked)
	case "write":
		return d.write(asked)
	case "folder":
		return d.done(os.Mkdir(path, 0o777))
	case "move":
		return d.move(asked)
	case "remove":
		return d.remove(asked)
	case "search":
		return d.search(asked)
	}
	return &fault{"bad-request", "there is no operation " + strconv.Quote(asked.Op)}
}

// say writes one line; it goes with the next flush.
func (d *desk) say(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = d.out.Write(append(text, '\n'))
	return err
}

func (d *desk) done(err error) error {
	if err != nil {
		return err
	}
	return d.say(map[string]any{})
}

// place is a path as the kernel gets it: absolute, and without detours; none is the home.
func place(path string) (string, error) {
	if path == "" {
		path = os.Getenv("HOME")
	}
	if len(path) > maxPath || !strings.HasPrefix(path, "/") || strings.ContainsRune(path, 0) {
		return "", &fault{"bad-request", fmt.Sprintf("a path begins with / and has at most %d bytes", maxPath)}
	}
	return filepath.Clean(path), nil
}

// version changes whenever a file does, or is another one: by its inode, size and times.
func version(info os.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%x-%x-%x-%x", stat.Ino, stat.Size, stat.Mtim.Nano(), stat.Ctim.Nano())
}
