package ctl

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"time"
)

// client asks the examiner behind a socket. That may be away for as long as grace: it is not up yet, or was killed and comes back.
type client struct {
	socket string
	grace  time.Duration
}

// ask sends one request and reads its answer. A wait outlives the examiner that it was asked of.
func (c client) ask(asked request) (answer, error) {
	began, seen := time.Now(), time.Time{}
	whole := asked.Timeout
	for {
		said, reached, err := c.once(asked)
		if err == nil && said.Code != "" {
			return said, &Refusal{said.Code, said.Error}
		}
		if err == nil {
			return said, nil
		}
		if reached && asked.Op == "input" {
			return said, &Refusal{"unreachable", "the examiner went away; the value may have arrived or not"}
		}
		if reached {
			seen = time.Now()
		}
		if time.Since(began) > c.grace && time.Since(seen) > c.grace {
			return said, &Refusal{"unreachable", "the examiner of this machine does not answer: " + err.Error()}
		}
		time.Sleep(100 * time.Millisecond)
		if whole > 0 && !seen.IsZero() {
			if asked.Timeout = whole - time.Since(began).Seconds(); asked.Timeout <= 0 {
				return answer{TimedOut: true}, nil
			}
		}
	}
}

// once says whether the examiner was reached, too.
func (c client) once(asked request) (answer, bool, error) {
	var said answer
	connection, err := net.DialTimeout("unix", c.socket, c.grace)
	if err != nil {
		return said, false, err
	}
	defer connection.Close()
	line, err := json.Marshal(asked)
	if err != nil {
		return said, false, err
	}
	_ = connection.SetDeadline(c.deadline(asked))
	// one that is busy says so and closes, whether or not it has read all of this
	_, wrong := connection.Write(append(line, '\n'))
	text, err := bufio.NewReader(io.LimitReader(connection, maxAnswer)).ReadBytes('\n')
	if err != nil {
		return said, true, errors.Join(err, wrong)
	}
	return said, true, json.Unmarshal(text, &said)
}

// deadline is when an answer is overdue; a wait without a timeout has none.
func (c client) deadline(asked request) time.Time {
	if asked.Op == "wait" && asked.Timeout == 0 {
		return time.Time{}
	}
	return time.Now().Add(c.grace + time.Duration(asked.Timeout*float64(time.Second)))
}
