package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// tarOut writes a file or a folder's content. Names in the archive are relative to the folder, or to the file's.
func tarOut(path string, to io.Writer) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	base := path
	if !info.IsDir() {
		base = filepath.Dir(path)
	}
	archive := tar.NewWriter(to)
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(base, name)
		if err != nil || relative == "." {
			return err
		}
		return tarOne(archive, name, relative, entry)
	})
	return errors.Join(err, archive.Close())
}

func tarOne(archive *tar.Writer, name, relative string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone since its folder was read
	}
	if err != nil || info.Mode()&fs.ModeSocket != 0 {
		return err
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(name); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	header.Name = relative
	if info.IsDir() {
		header.Name += "/"
	}
	if err := archive.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	written, err := io.CopyN(archive, file, header.Size)
	if errors.Is(err, io.EOF) { // it shrank: its header has promised more
		_, err = io.CopyN(archive, zeros{}, header.Size-written)
	}
	return err
}

type zeros struct{}

func (zeros) Read(to []byte) (int, error) {
	clear(to)
	return len(to), nil
}

// tarIn unpacks below a folder, which is made. Nothing in an archive can reach outside of it: os.Root resolves every name.
func tarIn(path string, from io.Reader) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	defer root.Close()
	archive := tar.NewReader(from)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, from) // padding that follows the end
			return err
		}
		if err != nil {
			return err
		}
		if err := untarOne(root, header, archive); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

func untarOne(root *os.Root, header *tar.Header, content io.Reader) error {
	name := strings.TrimPrefix(filepath.Clean("/"+header.Name), "/")
	if name == "" {
		return nil
	}
	if err := makeFolders(root, filepath.Dir(name)); err != nil {
		return err
	}
	mode := os.FileMode(header.Mode) & 0o777
	switch header.Typeflag {
	case tar.TypeDir:
		return makeFolders(root, name)
	case tar.TypeReg:
		_ = root.Remove(name)
		file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
		if err != nil {
			return err
		}
		defer file.Close()
		if _, err := io.Copy(file, content); err != nil {
			return err
		}
		if os.Getuid() == 0 {
			if err := file.Chown(header.Uid, header.Gid); err != nil {
				return err
			}
		}
		return syscall.Fchmod(int(file.Fd()), uint32(header.Mode)&0o7777)
	case tar.TypeSymlink, tar.TypeLink:
		return untarLink(root, name, header)
	}
	return fmt.Errorf("this kind of entry (%q) is not unpacked", header.Typeflag)
}

func makeFolders(root *os.Root, name string) error {
	path := ""
	for _, part := range strings.Split(name, "/") {
		path = filepath.Join(path, part)
		if err := root.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// untarLink makes the link in its own folder, opened through root: os.Root of Go 1.24 makes none itself.
func untarLink(root *os.Root, name string, header *tar.Header) error {
	folder, err := root.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer folder.Close()
	place := fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(name))
	if info, err := os.Lstat(place); err == nil && !info.IsDir() {
		if err := os.Remove(place); err != nil {
			return err
		}
	}
	if header.Typeflag == tar.TypeSymlink {
		return os.Symlink(header.Linkname, place)
	}
	target := strings.TrimPrefix(filepath.Clean("/"+header.Linkname), "/")
	behind, err := root.Open(filepath.Dir(target))
	if err != nil {
		return err
	}
	defer behind.Close()
	return os.Link(fmt.Sprintf("/proc/self/fd/%d/%s", behind.Fd(), filepath.Base(target)), place)
}
