package agent

import (
	"os"
	"os/exec"
	"syscall"

	"labyard/examiner/internal/link"
	"labyard/examiner/internal/sys"
)

func (e *execution) startPipes(a *Agent, who account, command *exec.Cmd) error {
	var theirs []*os.File
	defer func() {
		for _, file := range theirs {
			file.Close()
		}
	}()
	stdin, input, err := os.Pipe()
	if err != nil {
		return err
	}
	theirs, e.input = append(theirs, stdin), input
	for _, channel := range []uint8{link.Stdout, link.Stderr} {
		ours, writer, err := os.Pipe()
		if err != nil {
			return err
		}
		theirs, e.pipes[channel] = append(theirs, writer), ours
	}
	command.Stdin, command.Stdout, command.Stderr = theirs[0], theirs[1], theirs[2]
	e.program, err = a.start(who, command)
	return err
}

func (e *execution) startTty(a *Agent, who account, command *exec.Cmd, cols, rows uint16) error {
	master, slave, err := openTerminal(cols, rows)
	if err != nil {
		return err
	}
	defer slave.Close()
	e.tty, e.input, e.pipes[link.Stdout] = true, master, master
	own(slave, command)
	e.program, err = a.start(who, command)
	return err
}

// openTerminal makes a pty of a size; sizes nobody can mean become 80x24.
func openTerminal(cols, rows uint16) (*os.File, *os.File, error) {
	if cols == 0 || rows == 0 {
		cols, rows = 80, 24
	}
	master, path, err := sys.OpenPty()
	if err != nil {
		return nil, nil, err
	}
	slave, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		master.Close()
		return nil, nil, err
	}
	_ = sys.SetSize(master, cols, rows)
	return master, slave, nil
}

// own makes the terminal the controlling one of command, and its user the owner.
func own(slave *os.File, command *exec.Cmd) {
	command.Stdin, command.Stdout, command.Stderr = slave, slave, slave
	command.SysProcAttr.Setctty = true
	if credential := command.SysProcAttr.Credential; credential != nil {
		_ = slave.Chown(int(credential.Uid), -1)
	}
	for _, entry := range command.Env {
		if len(entry) > 5 && entry[:5] == "TERM=" {
			return
		}
	}
	command.Env = append(command.Env, "TERM=xterm-256color")
}
