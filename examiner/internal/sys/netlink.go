package sys

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// Netlink is a routing socket for what a machine's interfaces need before any tool of its image runs.
type Netlink struct {
	fd       int
	sequence uint32
}

// OpenNetlink opens one; Close it.
func OpenNetlink() (*Netlink, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	return &Netlink{fd: fd}, nil
}

// Close ends it.
func (n *Netlink) Close() error { return syscall.Close(n.fd) }

// Up switches an interface on or off.
func (n *Netlink) Up(index int, on bool) error {
	flags := uint32(0)
	if on {
		flags = syscall.IFF_UP
	}
	return n.request(syscall.RTM_NEWLINK, 0, linkMessage(index, flags, syscall.IFF_UP))
}

// Rename gives an interface that is down another name.
func (n *Netlink) Rename(index int, name string) error {
	body := attribute(linkMessage(index, 0, 0), syscall.IFLA_IFNAME, append([]byte(name), 0))
	return n.request(syscall.RTM_NEWLINK, 0, body)
}

// AddAddress puts an address with its network on an interface.
func (n *Netlink) AddAddress(index int, address netip.Prefix) error {
	ip := address.Addr()
	body := []byte{family(ip), byte(address.Bits()), 0, 0}
	body = binary.NativeEndian.AppendUint32(body, uint32(index))
	body = attribute(body, syscall.IFA_LOCAL, ip.AsSlice())
	body = attribute(body, syscall.IFA_ADDRESS, ip.AsSlice())
	if ip.Is4() && address.Bits() < 31 {
		body = attribute(body, syscall.IFA_BROADCAST, broadcast(address))
	}
	return n.request(syscall.RTM_NEWADDR, syscall.NLM_F_CREATE|syscall.NLM_F_REPLACE, body)
}

// AddDefaultRoute sends everything else through gateway.
func (n *Netlink) AddDefaultRoute(index int, gateway netip.Addr) error {
	body := []byte{
		family(gateway), 0, 0, 0, syscall.RT_TABLE_MAIN, syscall.RTPROT_BOOT, syscall.RT_SCOPE_UNIVERSE, syscall.RTN_UNICAST, 0, 0, 0, 0,
	}
	body = attribute(body, syscall.RTA_GATEWAY, gateway.AsSlice())
	body = attribute(body, syscall.RTA_OIF, binary.NativeEndian.AppendUint32(nil, uint32(index)))
	return n.request(syscall.RTM_NEWROUTE, syscall.NLM_F_CREATE|syscall.NLM_F_REPLACE, body)
}

func family(address netip.Addr) byte {
	if address.Is4() {
		return syscall.AF_INET
	}
	return syscall.AF_INET6
}

func broadcast(address netip.Prefix) []byte {
	ip := address.Addr().As4()
	mask := net.CIDRMask(address.Bits(), 32)
	for i := range ip {
		ip[i] |= ^mask[i]
	}
	return ip[:]
}

func linkMessage(index int, flags, change uint32) []byte {
	body := []byte{syscall.AF_UNSPEC, 0, 0, 0}
	body = binary.NativeEndian.AppendUint32(body, uint32(index))
	body = binary.NativeEndian.AppendUint32(body, flags)
	return binary.NativeEndian.AppendUint32(body, change)
}

func attribute(to []byte, kind uint16, value []byte) []byte {
	to = binary.NativeEndian.AppendUint16(to, uint16(4+len(value)))
	to = binary.NativeEndian.AppendUint16(to, kind)
	to = append(to, value...)
	for len(to)%4 != 0 {
		to = append(to, 0)
	}
	return to
}

func (n *Netlink) request(kind uint16, flags uint16, body []byte) error {
	n.sequence++
	message := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
	message = binary.NativeEndian.AppendUint16(message, kind)
	message = binary.NativeEndian.AppendUint16(message, flags|syscall.NLM_F_REQUEST|syscall.NLM_F_ACK)
	message = binary.NativeEndian.AppendUint32(message, n.sequence)
	message = binary.NativeEndian.AppendUint32(message, 0)
	message = append(message, body...)
	if err := syscall.Sendto(n.fd, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return err
	}
	return n.acknowledged()
}

func (n *Netlink) acknowledged() error {
	buffer := make([]byte, 8192)
	for {
		size, _, err := syscall.Recvfrom(n.fd, buffer, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		answers, err := syscall.ParseNetlinkMessage(buffer[:size])
		if err != nil {
			return err
		}
		for _, answer := range answers {
			if answer.Header.Type != syscall.NLMSG_ERROR || answer.Header.Seq != n.sequence || len(answer.Data) < 4 {
				continue
			}
			if code := int32(binary.NativeEndian.Uint32(answer.Data)); code != 0 {
				return fmt.Errorf("netlink: %w", syscall.Errno(-code))
			}
			return nil
		}
	}
}
