package files

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"
)

const (
	// maxEntries of a folder are looked at; what is behind them is not there for an editor.
	maxEntries = 100_000
	maxListed  = 2000 // in one answer
)

// entry is one name in a folder.
type entry struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // file, folder, link, other
	Size int64  `json:"size"` // bytes
	// Modified is in milliseconds since 1970.
	Modified int64  `json:"modified"`
	Mode     uint32 `json:"mode"`
	// Target is the kind of what a link leads to; nothing where that is gone.
	Target string `json:"target,omitempty"`
	// Odd names are no UTF-8: they cannot be asked for.
	Odd bool `json:"odd,omitempty"`
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode.IsRegular():
		return "file"
	case mode&fs.ModeSymlink != 0:
		return "link"
	}
	return "other"
}

func entryOf(name string, info fs.FileInfo) entry {
	return entry{
		Name: strings.ToValidUTF8(name, "\uFFFD"), Kind: kindOf(info.Mode()), Size: info.Size(),
		Modified: info.ModTime().UnixMilli(), Mode: uint32(info.Mode().Perm()), Odd: !utf8.ValidString(name),
	}
}

// list tells a part of a folder: folders first, by name without regard to capitals.
func (d *desk) list(asked question) error {
	folder, err := os.OpenFile(asked.Path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer folder.Close()
	info, err := folder.Stat()
	if err != nil {
		return err
	}
	if asked.Offset <= 0 || d.last.path != asked.Path || d.last.version != version(info) {
		names, cut, err := namesIn(folder)
		if err != nil {
			return err
		}
		d.last = folderNames{asked.Path, version(info), names, cut}
	}
	names, cut := d.last.names, d.last.cut
	from := min(max(asked.Offset, 0), len(names))
	until := min(from+min(max(asked.Limit, 1), maxListed), len(names))
	entries := []entry{}
	for _, name := range names[from:until] {
		entries = append(entries, look(filepath.Join(asked.Path, name.name), name.name))
	}
	return d.say(map[string]any{
		"path": asked.Path, "version": version(info), "total": len(names), "offset": from, "cut": cut, "entries": entries,
		"writable": syscall.Access(asked.Path, writeBit) == nil,
	})
}

const writeBit = 2 // W_OK

// sorted is a name with what it is sorted by.
type sorted struct {
	name, key string
	folder    bool
}

type folderNames struct {
	path, version string
	names         []sorted
	cut           bool
}

func namesIn(folder *os.File) ([]sorted, bool, error) {
	var names []sorted
	for len(names) < maxEntries {
		some, err := folder.ReadDir(1024)
		for _, each := range some {
			names = append(names, sorted{each.Name(), strings.ToLower(each.Name()), each.IsDir()})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, false, err
		}
	}
	slices.SortFunc(names, func(a, b sorted) int {
		if a.folder != b.folder {
			if a.folder {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.name, b.name))
	})
	return names, len(names) >= maxEntries, nil
}

// look is what is at a path; what went since its folder was read is there without a size.
func look(path, name string) entry {
	info, err := os.Lstat(path)
	if err != nil {
		return entry{Name: strings.ToValidUTF8(name, "\uFFFD"), Kind: "other", Odd: !utf8.ValidString(name)}
	}
	found := entryOf(name, info)
	if found.Kind == "link" {
		if target, err := os.Stat(path); err == nil {
			found.Target, found.Size = kindOf(target.Mode()), target.Size()
		}
	}
	return found
}

// stat tells of one file or folder, through links.
func (d *desk) stat(asked question) error {
	info, err := os.Stat(asked.Path)
	if err != nil {
		return err
	}
	return d.say(map[string]any{
		"path": asked.Path, "entry": entryOf(filepath.Base(asked.Path), info), "version": version(info),
		"writable": syscall.Access(asked.Path, writeBit) == nil,
	})
}
