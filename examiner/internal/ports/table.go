// Package ports finds what listens in a machine, also in networks of its containers, and reaches it.
package ports

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxTable is what is read of a table: some 7,000 sockets.
	maxTable = 1 << 20
	// maxSockets is how many of a network are looked at.
	maxSockets = 1024
	listens    = "0A"
)

// socket is a TCP socket that listens.
type socket struct {
	address netip.Addr
	port    uint16
	inode   uint64
}

// byLoopback: whoever dials localhost reaches it.
func (s socket) byLoopback() bool {
	return s.address.IsUnspecified() || s.address == loopback4 || s.address == loopback6
}

var loopback4, loopback6 = netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()

// targets are the addresses that a socket may be dialled at from inside its network. Of an IPv6 address that is good for one
// link alone the table does not say which.
func (s socket) targets() []netip.Addr {
	switch {
	case s.address.IsLinkLocalUnicast() && s.address.Is6():
		return nil
	case !s.address.IsUnspecified():
		return []netip.Addr{s.address}
	case s.address.Is4():
		return []netip.Addr{loopback4}
	}
	return []netip.Addr{loopback4, loopback6}
}

// sockets of a network as the kernel lists them in a process's folder net (proc_pid_net(5)): by address, IPv4 first.
func sockets(folder string) []socket {
	var found []socket
	for _, name := range []string{"/tcp", "/tcp6"} { // a kernel may be without IPv6
		if file, err := os.Open(folder + name); err == nil {
			found = append(found, parse(file)...)
			file.Close()
		}
	}
	slices.SortFunc(found, func(a, b socket) int {
		if order := a.address.Compare(b.address); order != 0 {
			return order
		}
		return int(a.port) - int(b.port)
	})
	return found[:min(len(found), maxSockets)]
}

func parse(table io.Reader) []socket {
	var found []socket
	lines := bufio.NewScanner(io.LimitReader(table, maxTable))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || fields[3] != listens {
			continue
		}
		host, number, _ := strings.Cut(fields[1], ":")
		address, ok := parseAddress(host)
		port, err := strconv.ParseUint(number, 16, 16)
		inode, err2 := strconv.ParseUint(fields[9], 10, 64)
		if ok && err == nil && err2 == nil {
			found = append(found, socket{address, uint16(port), inode})
		}
	}
	return found
}

// parseAddress reads words of four bytes, each in the machine's own order.
func parseAddress(text string) (netip.Addr, bool) {
	bytes, err := hex.DecodeString(text)
	if err != nil || len(bytes)%4 != 0 {
		return netip.Addr{}, false
	}
	for at := 0; at < len(bytes); at += 4 {
		binary.NativeEndian.PutUint32(bytes[at:], binary.BigEndian.Uint32(bytes[at:]))
	}
	address, ok := netip.AddrFromSlice(bytes)
	return address.Unmap(), ok
}
