# session: left-01
ip route add default via 10.10.1.1

# session: router-01
ip route add 10.10.3.0/24 via 10.10.2.2
echo 1 >/proc/sys/net/ipv4/ip_forward

# session: router-02
ip route add 10.10.1.0/24 via 10.10.2.1
echo 1 >/proc/sys/net/ipv4/ip_forward

# session: right-01
ip route add default via 10.10.3.1
examinerctl task wait verify_right --timeout 30s
