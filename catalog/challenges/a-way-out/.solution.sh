# session: db-01
sudo ip route add default via 10.0.2.2

# session: web-01
echo 'net.ipv4.ip_forward = 1' | sudo tee /etc/sysctl.d/90-gateway.conf
sudo sysctl -p /etc/sysctl.d/90-gateway.conf
sudo tee /etc/nftables.conf <<'RULES'
#!/usr/sbin/nft -f
flush ruleset
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr 10.0.2.0/24 oifname "eth0" masquerade
  }
}
RULES
sudo systemctl enable nftables
sudo systemctl restart nftables

# session: db-01
examinerctl task wait verify_out --timeout 30s
