# The way there first.
# session: root@gateway
sysctl -w net.ipv4.ip_forward=1

# session: node-01 retry=5
ping -c 1 10.0.2.2
#session: laborant@node-02
examinerctl task wait reached --timeout 30s
