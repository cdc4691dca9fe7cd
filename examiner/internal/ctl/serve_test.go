package ctl

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// talk sends bytes as they are and gives the answers.
func talk(t *testing.T, socket string, sent string, answers int) []string {
	t.Helper()
	connection, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	go func() { _, _ = io.WriteString(connection, sent) }()
	reader := bufio.NewReader(connection)
	var lines []string
	for range answers {
		line, err := reader.ReadString('\n')
		if err != nil {
			return append(lines, "gone")
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

func TestBadRequests(t *testing.T) {
	socket, _ := serving(t, "", newFake())
	for sent, code := range map[string]string{
		"no JSON\n":                            "bad-request",
		"[]\n":                                 "bad-request",
		"{}\n":                                 "not-built",
		`{"op":"reset"}` + "\n":                "not-built",
		`{"op":"get"}` + "\n":                  "not-found",
		strings.Repeat("x", maxRequest) + "\n": "bad-request",
		`{"op":"wait","name":"verify","timeout":-1}` + "\n":                                               "bad-request",
		`{"op":"wait","name":"verify","timeout":1e300}` + "\n":                                            "bad-request",
		`{"op":"input","name":"verify","value":"\u0000"}` + "\n":                                          "bad-request",
		`{"op":"input","name":"verify","value":"` + strings.Repeat("x", MaxInput+1) + `"}` + "\n":         "bad-request",
		`{"op":"input","name":"verify","value":1}` + "\n":                                                 "bad-request",
		`{"op":"get","name":"` + strings.Repeat("n", 9000) + `"}` + "\n":                                  "not-found",
		strings.Repeat(`{"op":`, 9000) + "\n":                                                             "bad-request",
		`{"op":"input","name":"broken","value":"` + strings.Repeat(`\u0001`, MaxInput) + `"}` + "\n":      "bad-request",
		`{"op":"wait","name":"verify","timeout":0.01,"unknown":{}}` + "\n" + `{"op":"get"}` + "\n" + "\n": "",
	} {
		lines := talk(t, socket, sent, 1)
		var said answer
		if json.Unmarshal([]byte(lines[0]), &said) != nil || said.Code != code {
			t.Errorf("%.60q: %.200s", sent, lines)
		}
	}
}

func TestSeveralRequestsOfOneConnection(t *testing.T) {
	socket, _ := serving(t, "", newFake())
	lines := talk(t, socket, `{"op":"wait","name":"verify","timeout":0.05}`+"\n"+`{"op":"get","name":"broken"}`+"\n"+`{"op":"ls"}`+"\n", 3)
	if !strings.Contains(lines[0], `"timed_out":true`) || !strings.Contains(lines[1], `"status":35`) || strings.Count(lines[2], `"name"`) != 3 {
		t.Error(lines)
	}
}

func TestOnlySoManyAtOnce(t *testing.T) {
	backend := newFake()
	socket, _ := serving(t, "", backend)
	var all []net.Conn
	for range maxConnections {
		connection, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, connection)
		fmt.Fprintln(connection, `{"op":"wait","name":"verify"}`)
	}
	until(t, func() bool { return backend.waiters() == maxConnections })
	if lines := talk(t, socket, "", 1); !strings.Contains(lines[0], `"busy"`) {
		t.Error(lines)
	}
	all[0].Close()
	until(t, func() bool { return backend.waiters() == maxConnections-1 })
	until(t, func() bool { return strings.Contains(talk(t, socket, `{"op":"ls"}`+"\n", 1)[0], "verify") })
	for _, connection := range all {
		connection.Close()
	}
}

func TestWhoSaysNothingIsLetGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() { _ = server{newFake(), 50 * time.Millisecond}.listen(listener) }()
	if lines := talk(t, path, `{"op":`, 1); lines[0] != "gone" {
		t.Error(lines)
	}
	waited := talk(t, path, `{"op":"wait","name":"verify","timeout":0.2}`+"\n", 1)
	if !strings.Contains(waited[0], `"timed_out":true`) {
		t.Error("a wait is not idle:", waited)
	}
}
