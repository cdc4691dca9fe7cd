# session: client-01
ping -c 1 server-01

# session: server-01
nohup python3 -m http.server 8080 >/dev/null 2>&1 &
sudo systemd-run --quiet tcpdump -ni eth0 -U -w /tmp/visit.pcap tcp port 8080
examinerctl task wait verify_listener --timeout 30s

# session: client-01 retry=5
sleep 2
curl -s -o /dev/null server-01:8080

# session: server-01
examinerctl task wait verify_capture --timeout 30s
