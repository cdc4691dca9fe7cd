package agent

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"time"

	"labyard/examiner/internal/link"
	"labyard/examiner/internal/ports"
)

const dialTimeout = 10 * time.Second

// dial connects inside the machine and passes bytes both ways; either side may end its half first.
func dial(stream *link.Stream, request request) error {
	connection, err := dialled(request)
	if err != nil {
		return err
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

// dialled is a connection to where a request says.
func dialled(request request) (connection net.Conn, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	switch request.Network {
	case "port":
		port, bad := strconv.ParseUint(request.Address, 10, 16)
		if bad != nil || port == 0 {
			return nil, &link.Refusal{Code: "bad-request", Message: "a port is a number from 1 to 65535"}
		}
		connection, err = ports.Dial(ctx, uint16(port))
	case "", "tcp":
		connection, err = (&net.Dialer{}).DialContext(ctx, "tcp", request.Address)
	case "unix":
		connection, err = (&net.Dialer{}).DialContext(ctx, "unix", request.Address)
	default:
		return nil, &link.Refusal{Code: "bad-request", Message: "only tcp and unix sockets and ports can be dialled"}
	}
	if err != nil {
		return nil, &link.Refusal{Code: "unreachable", Message: err.Error()}
	}
	return connection, nil
}
