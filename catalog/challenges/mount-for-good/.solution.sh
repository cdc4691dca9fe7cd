# session: storage-01
sudo parted -s /dev/vdf mklabel gpt mkpart archive ext4 1MiB 100%
sudo udevadm settle
sudo mkfs.ext4 -q /dev/vdf1
sudo mkdir -p /srv/archive
echo "UUID=$(sudo blkid -s UUID -o value /dev/vdf1) /srv/archive ext4 defaults 0 2" | sudo tee -a /etc/fstab
sudo systemctl daemon-reload
sudo mount -a
examinerctl task wait verify_mounted --timeout 30s
sudo systemd-run --on-active=2 systemctl reboot

# session: storage-01 retry=30
examinerctl task wait verify_after_reboot --timeout 60s
