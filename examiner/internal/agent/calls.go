package agent

import (
	"encoding/json"
	"strconv"
	"syscall"
	"time"

	"labyard/examiner/internal/link"
)

// Call answers a small question.
func (a *Agent) Call(op string, arguments []byte) (any, error) {
	switch op {
	case "ping":
		return map[string]any{}, nil
	case "info":
		return a.Info(), nil
	case "time":
		return map[string]any{"time": float64(time.Now().UnixNano()) / 1e9}, nil
	case "memory":
		return memory()
	case "clock":
		return decoded(arguments, setClock)
	case "power":
		return decoded(arguments, a.power)
	case "task":
		return decoded(arguments, a.errands.run)
	case "attempt":
		return decoded(arguments, a.lesson.attemptOf)
	case "assign":
		return decoded(arguments, a.lesson.assign)
	case "assigned":
		return decoded(arguments, a.lesson.assigned)
	case "task-news":
		return decoded(arguments, a.lesson.hear)
	case "task-input":
		return decoded(arguments, a.lesson.putIn)
	case "used":
		a.lesson.use(false)
		return map[string]any{}, nil
	case "freeze":
		return decoded(arguments, a.freeze)
	case "reseed":
		return decoded(arguments, reseed)
	case "wake":
		return decoded(arguments, a.wake)
	case "thaw":
		return a.thaw()
	}
	return nil, &link.Refusal{Code: "not-built", Message: "this examiner does not know " + strconv.Quote(op)}
}

func decoded[T any](arguments []byte, f func(T) (any, error)) (any, error) {
	var value T
	if err := json.Unmarshal(arguments, &value); err != nil {
		return nil, &link.Refusal{Code: "bad-request", Message: "the question cannot be read: " + err.Error()}
	}
	return f(value)
}

type clockCall struct {
	// Set is the time it is now, in seconds since 1970.
	Set float64 `json:"set"`
}

func setClock(call clockCall) (any, error) {
	if call.Set <= 0 || call.Set > 1<<40 {
		return nil, &link.Refusal{Code: "bad-request", Message: "no such time"}
	}
	now := syscall.NsecToTimeval(int64(call.Set * 1e9))
	if err := syscall.Settimeofday(&now); err != nil {
		return nil, err
	}
	return map[string]any{}, nil
}
