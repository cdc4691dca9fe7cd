# session: gw-a
umask 077
wg genkey | sudo tee /etc/wireguard/key >/dev/null
# The peers hand each other their public keys over the public network, as their people would on the phone.
sudo cat /etc/wireguard/key | wg pubkey >/tmp/public
nohup timeout 300 python3 -m http.server --directory /tmp 8123 >/dev/null 2>&1 &
sleep 2

# session: gw-b
umask 077
wg genkey | sudo tee /etc/wireguard/key >/dev/null
sudo cat /etc/wireguard/key | wg pubkey >/tmp/public
nohup timeout 300 python3 -m http.server --directory /tmp 8123 >/dev/null 2>&1 &
peer=$(curl -s --retry 20 --retry-delay 1 --retry-connrefused http://198.51.100.1:8123/public)
sudo tee /etc/wireguard/wg0.conf >/dev/null <<CONF
[Interface]
PrivateKey = $(sudo cat /etc/wireguard/key)
ListenPort = 51820

[Peer]
PublicKey = $peer
Endpoint = 198.51.100.1:51820
AllowedIPs = 10.1.0.0/24
PersistentKeepalive = 25
CONF
sudo systemctl enable --now wg-quick@wg0

# session: gw-a
peer=$(curl -s --retry 20 --retry-delay 1 --retry-connrefused http://198.51.100.2:8123/public)
sudo tee /etc/wireguard/wg0.conf >/dev/null <<CONF
[Interface]
PrivateKey = $(sudo cat /etc/wireguard/key)
ListenPort = 51820

[Peer]
PublicKey = $peer
Endpoint = 198.51.100.2:51820
AllowedIPs = 10.2.0.0/24
PersistentKeepalive = 25
CONF
sudo chmod 600 /etc/wireguard/wg0.conf
sudo systemctl enable --now wg-quick@wg0
examinerctl task wait verify_handshake_a --timeout 60s
examinerctl task wait verify_secret --timeout 30s
