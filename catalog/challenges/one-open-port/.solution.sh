# session: server-01
sudo tee /etc/nftables.conf <<'RULES'
#!/usr/sbin/nft -f
flush ruleset
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    tcp dport 80 accept
  }
}
RULES
sudo systemctl enable nftables
sudo systemctl restart nftables
examinerctl task wait verify_outward --timeout 30s
