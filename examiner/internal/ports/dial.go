package ports

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

const (
	// maxPlaces is how many are tried, and dialTime how long one of them.
	maxPlaces = 16
	dialTime  = 3 * time.Second
)

// place is where something listens at a port.
type place struct {
	// network is nil for the machine's own.
	network *network
	to      netip.AddrPort
}

// Dial reaches what listens at a port, and not at the machine's loopback: at its other addresses by number, IPv4 first, then in
// other networks, that of the lowest process first. The first that answers is taken.
func Dial(ctx context.Context, port uint16) (net.Conn, error) {
	places := places(port)
	if len(places) == 0 {
		return nil, fmt.Errorf("nothing listens at port %d", port)
	}
	var failures []error
	for _, each := range places {
		connection, err := each.dial(ctx)
		if err == nil {
			return connection, nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(failures...)
}

func places(port uint16) []place {
	now := around.look()
	found := placesOf(port, nil, "/proc/self/net")
	for at := range now.others {
		found = append(found, placesOf(port, &now.others[at], now.others[at].folder())...)
	}
	return found[:min(len(found), maxPlaces)]
}

func placesOf(port uint16, in *network, folder string) []place {
	var found []place
	for _, each := range sockets(folder) {
		if each.port != port || (in == nil && each.byLoopback()) {
			continue
		}
		for _, address := range each.targets() {
			found = append(found, place{in, netip.AddrPortFrom(address, port)})
		}
	}
	return found
}

func (p place) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if p.network == nil {
		return (&net.Dialer{}).DialContext(ctx, "tcp", p.to.String())
	}
	connection, err := p.network.dial(ctx, p.to)
	if err != nil {
		first := p.network.pids[0]
		return nil, fmt.Errorf("dial %s in the network of %s (process %d): %w", p.to, nameOf(first), first, err)
	}
	return connection, nil
}
