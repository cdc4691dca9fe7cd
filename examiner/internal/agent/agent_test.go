package agent

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestScrollbackKeepsTheLastBytes(t *testing.T) {
	past := newScrollback()
	var whole []byte
	for i := range 5000 {
		line := []byte(strings.Repeat("x", i%300) + "\n")
		past.write(line)
		whole = append(whole, line...)
	}
	if past.end != int64(len(whole)) {
		t.Fatal(past.end)
	}
	from := past.clean()
	if from < past.start() || whole[from-1] != '\n' {
		t.Fatalf("begins at %d, inside a line", from)
	}
	got := make([]byte, past.end-from)
	if n := past.read(from, got); n != len(got) || !bytes.Equal(got, whole[from:]) {
		t.Fatal("not what was written")
	}
}

func TestTailKeepsTheLastBytesAndSaysSo(t *testing.T) {
	kept := &tail{}
	_ = kept.write(bytes.Repeat([]byte("a"), maxKept))
	if kept.cut {
		t.Fatal("nothing was cut yet")
	}
	_ = kept.write([]byte("end\xff"))
	if text := kept.text(); !kept.cut || !strings.HasSuffix(text, "end\uFFFD") || len(text) > maxKept+2 {
		t.Fatal(kept.cut, len(text))
	}
}

func TestAccounts(t *testing.T) {
	if root, err := find("0"); err != nil || root.uid != 0 || root.name != "root" {
		t.Fatal(root, err)
	}
	if _, err := find("no-such-user"); err == nil {
		t.Fatal("found nobody")
	}
}

func TestLookPath(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(folder+"/tool", []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder+"/text", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	environment := []string{"HOME=/", "PATH=/nowhere:" + folder}
	for name, want := range map[string]string{"tool": folder + "/tool", "text": "", "./tool": folder + "/tool", "none": ""} {
		if got, err := lookPath(name, environment, folder); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestOwnProcessIsAProgram(t *testing.T) {
	if !isProgram(stat(os.Getpid())) || isProgram(nil) {
		t.Fatal("kernel threads and programs are mixed up")
	}
	leader := exec.Command("sleep", "60")
	leader.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := leader.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { leader.Process.Kill(); leader.Wait() }()
	if got := sessionOf(leader.Process.Pid); got != leader.Process.Pid {
		t.Fatalf("session %d of leader %d", got, leader.Process.Pid)
	}
}
