# session: debian-01
sudo systemd-run --unit=napper -p MemoryMax=32M sleep 1000
printf '%s\n' '[Service]' 'Type=oneshot' "ExecStart=/bin/sh -c 'date >>/var/log/tick'" | sudo tee /etc/systemd/system/tick.service
printf '%s\n' '[Timer]' 'OnActiveSec=2' 'OnUnitActiveSec=20' 'AccuracySec=1' '[Install]' 'WantedBy=timers.target' | sudo tee /etc/systemd/system/tick.timer
sudo mkdir -p /etc/systemd/system/cron-like.service.d
printf '%s\n' '[Service]' 'Nice=7' | sudo tee /etc/systemd/system/cron-like.service.d/nice.conf
sudo systemctl daemon-reload
sudo systemctl enable --now tick.timer
examinerctl task wait verify_timer --timeout 60s
