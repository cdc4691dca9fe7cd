package agent

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"labyard/examiner/internal/link"
)

const dialTimeout = 10 * time.Second

// dial connects inside the machine and passes bytes both ways; either side may end its half first.
func dial(stream *link.Stream, request request) error {
	network := request.Network
	if network == "" {
		network = "tcp"
	}
	if network != "tcp" && network != "unix" {
		return &link.Refusal{Code: "bad-request", Message: "only tcp and unix sockets can be dialled"}
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(ctx, network, request.Address)
	if err != nil {
		return &link.Refusal{Code: "unreachable", Message: err.Error()}
	}
	defer connection.Close()
	stream.Accept()
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		feedConnection(stream, connection)
	}()
	buffer := make([]byte, bufferSize)
	for {
		n, err := connection.Read(buffer)
		if n > 0 && stream.Send(link.Stdout, buffer[:n]) != nil {
			return nil
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, io.EOF) {
			stream.End(link.Result{Error: err.Error()})
			return nil
		}
		break
	}
	stream.SendEOF(link.Stdout)
	<-fed
	stream.End(link.Result{})
	return nil
}

func feedConnection(stream *link.Stream, connection net.Conn) {
	buffer := make([]byte, bufferSize)
	for {
		n, err := stream.Read(buffer)
		if n > 0 {
			if _, err := connection.Write(buffer[:n]); err != nil {
				return
			}
		}
		if errors.Is(err, io.EOF) {
			if half, ok := connection.(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
			return
		}
		if err != nil {
			connection.Close()
			return
		}
	}
}
