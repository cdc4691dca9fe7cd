package ports

import (
	"cmp"
	"slices"
)

// maxListed is how many ports an answer has; the lowest.
const maxListed = 512

// Where a port is reached.
const (
	AtLoopback = "loopback"
	AtAddress  = "address"
	InNetwork  = "network"
)

// Listener is a port on which something listens, and what is reached at it: a port leads to one place.
type Listener struct {
	Port uint16 `json:"port"`
	// At is loopback, address (of the machine, and at no loopback) or network (another one in the machine).
	At      string `json:"at"`
	Address string `json:"address"`
	// Pid and Program are told of what loopback does not reach.
	Pid     int    `json:"pid,omitempty"`
	Program string `json:"program,omitempty"`
	// Container says that the program's network comes with processes of its own.
	Container bool `json:"container,omitempty"`
	// Others is in how many networks more something listens at this port, which so is not reached.
	Others int `json:"others,omitempty"`

	network network
	inode   uint64
}

// List is what listens, by port.
func List() []Listener {
	now := around.look()
	found := map[uint16]*Listener{}
	addOwn(found, now.own)
	for _, each := range now.others {
		addOther(found, each)
	}
	list := make([]Listener, 0, len(found))
	for _, each := range found {
		list = append(list, *each)
	}
	slices.SortFunc(list, func(a, b Listener) int { return cmp.Compare(a.Port, b.Port) })
	list = list[:min(len(list), maxListed)]
	search := searcher{maxLinks}
	for at := range list {
		if each := &list[at]; each.At != AtLoopback {
			each.name(&search)
		}
	}
	return list
}

func (l *Listener) name(search *searcher) {
	if l.Pid = search.holder(l.network, l.inode); l.Pid == 0 && len(l.network.pids) > 0 && l.At == InNetwork {
		l.Pid = l.network.pids[0]
	}
	if l.Pid != 0 {
		l.Program, l.Container = nameOf(l.Pid), l.At == InNetwork && inContainer(l.Pid)
	}
}

func addOwn(found map[uint16]*Listener, own network) {
	for _, each := range sockets("/proc/self/net") {
		known := found[each.port]
		switch {
		case each.byLoopback():
			found[each.port] = &Listener{Port: each.port, At: AtLoopback, Address: each.address.String()}
		case known == nil && len(each.targets()) > 0:
			found[each.port] = &Listener{Port: each.port, At: AtAddress, Address: each.address.String(), network: own, inode: each.inode}
		}
	}
}

func addOther(found map[uint16]*Listener, other network) {
	here := map[uint16]bool{}
	for _, each := range sockets(other.folder()) {
		if here[each.port] || len(each.targets()) == 0 {
			continue
		}
		here[each.port] = true
		if known := found[each.port]; known != nil {
			known.Others++
			continue
		}
		found[each.port] = &Listener{Port: each.port, At: InNetwork, Address: each.address.String(), network: other, inode: each.inode}
	}
}
