# session: debian-01
sudo tee /etc/systemd/system/heartbeat.service <<'UNIT'
[Unit]
Description=A heart that beats

[Service]
ExecStart=/usr/local/bin/heartbeat
User=beat
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
UNIT
sudo systemctl daemon-reload
sudo systemctl enable --now heartbeat.service
examinerctl task wait verify_running --timeout 30s
sudo systemctl kill --signal=KILL heartbeat.service
examinerctl task wait verify_survives --timeout 30s
