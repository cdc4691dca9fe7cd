package agent

import (
	"encoding/json"

	"labyard/examiner/internal/link"
	"labyard/examiner/internal/ports"
)

// listeners tells what listens in the machine, and where.
func listeners(stream *link.Stream) error {
	text, err := json.Marshal(map[string]any{"listeners": ports.List()})
	if err != nil {
		return err
	}
	stream.Accept()
	if stream.Send(link.Stdout, text) == nil {
		stream.End(link.Result{})
	}
	return nil
}
