# session: storage-01
sudo rm /mnt/ext4/reports/2019/q3/.thumbs/preview.raw
sudo systemctl kill --signal=HUP collect
sudo mkdir -p /mnt/look
sudo mount --bind /mnt/ext4 /mnt/look
sudo rm /mnt/look/spool/backlog.bin
sudo umount /mnt/look
examinerctl task wait verify_covered --timeout 30s
