package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"labyard/examiner/internal/files"
)

// runFiles reads or writes as whoever it was started by: the kernel checks the rights. Without arguments: many times.
func runFiles(arguments []string) error {
	if len(arguments) == 0 {
		return files.Serve(os.Stdin, os.Stdout)
	}
	if len(arguments) != 3 {
		return errors.New("usage: examiner files [VERB PATH MODE]")
	}
	path := arguments[1]
	mode, err := strconv.ParseUint(arguments[2], 8, 12)
	if err != nil {
		return err
	}
	switch arguments[0] {
	case "read":
		return readFile(path)
	case "write":
		return writeFile(path, uint32(mode))
	case "tar-out":
		return tarOut(path, os.Stdout)
	case "tar-in":
		return tarIn(path, os.Stdin)
	}
	return fmt.Errorf("no such verb: %s", arguments[0])
}

func readFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(os.Stdout, file)
	return err
}

// writeFile replaces a file in one step: whoever reads it sees the old or the new one, whole.
func writeFile(path string, mode uint32) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".labyard-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	removeOnHangup(file.Name())
	if _, err := io.Copy(file, os.Stdin); err != nil {
		return err
	}
	if err := syscall.Fchmod(int(file.Fd()), mode); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// removeOnHangup takes a half-written file away when whoever sends it has gone.
func removeOnHangup(path string) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		<-hangup
		_ = os.Remove(path)
		os.Exit(1)
	}()
}
