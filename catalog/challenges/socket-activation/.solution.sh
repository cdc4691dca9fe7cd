# session: debian-01
printf '%s\n' '[Socket]' 'ListenStream=7777' '[Install]' 'WantedBy=sockets.target' | sudo tee /etc/systemd/system/oracle.socket
printf '%s\n' '[Service]' 'ExecStart=/usr/local/bin/oracle' | sudo tee /etc/systemd/system/oracle.service
sudo systemctl daemon-reload
sudo systemctl enable --now oracle.socket
examinerctl task wait verify_socket --timeout 30s
test "$(nc -w 20 localhost 7777 </dev/null)" = "It depends."
examinerctl task wait verify_woken --timeout 30s
