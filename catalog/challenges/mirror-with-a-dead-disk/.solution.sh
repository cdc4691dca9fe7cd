# session: storage-01
sudo mdadm /dev/md/vault --remove /dev/vdg
sudo mdadm /dev/md/vault --add /dev/vdh
examinerctl task wait verify_whole --timeout 60s
examinerctl task wait verify_deeds --timeout 30s
