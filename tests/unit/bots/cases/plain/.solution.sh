ip route add 10.0.2.0/24 via 10.0.1.1
sysctl -w net.ipv4.ip_forward=1
