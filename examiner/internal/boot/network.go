package boot

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"labyard/examiner/internal/sys"
)

// configureNetwork finds interfaces by MAC, names them, and gives them addresses and the default route.
func configureNetwork(wanted []Interface) error {
	netlink, err := sys.OpenNetlink()
	if err != nil {
		return err
	}
	defer netlink.Close()
	there, err := net.Interfaces()
	if err != nil {
		return err
	}
	byMAC := map[string]net.Interface{}
	for _, found := range there {
		if found.Flags&net.FlagLoopback != 0 {
			err = errors.Join(err, netlink.Up(found.Index, true))
		} else {
			byMAC[found.HardwareAddr.String()] = found
		}
	}
	// Two steps, since a name that is wanted may be another's now. Renamed once, udev leaves it alone.
	for i, want := range wanted {
		if found, ok := byMAC[strings.ToLower(want.MAC)]; ok {
			_ = netlink.Up(found.Index, false)
			err = errors.Join(err, netlink.Rename(found.Index, fmt.Sprintf("labyard%d", i)))
		}
	}
	for _, want := range wanted {
		found, ok := byMAC[strings.ToLower(want.MAC)]
		if !ok {
			err = errors.Join(err, fmt.Errorf("no interface has the address %s of %s", want.MAC, want.Device))
			continue
		}
		if one := configureInterface(netlink, found.Index, want); one != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", want.Device, one))
		}
	}
	return err
}

func configureInterface(netlink *sys.Netlink, index int, want Interface) error {
	if err := netlink.Rename(index, want.Device); err != nil {
		return err
	}
	if want.Address != "" {
		address, err := netip.ParsePrefix(want.Address)
		if err != nil {
			return err
		}
		if err := netlink.AddAddress(index, address); err != nil {
			return err
		}
	}
	if err := netlink.Up(index, true); err != nil {
		return err
	}
	if want.Gateway == "" {
		return nil
	}
	gateway, err := netip.ParseAddr(want.Gateway)
	if err != nil {
		return err
	}
	return netlink.AddDefaultRoute(index, gateway)
}
