# session: storage-01
sudo truncate -s 64M /srv/disk.img
sudo mkfs.ext4 -q /srv/disk.img
sudo mkdir -p /mnt/image
sudo mount /srv/disk.img /mnt/image
cd /mnt/btrfs
sudo btrfs subvolume create diary
echo "Monday: all is well" | sudo tee diary/page
sudo btrfs subvolume snapshot diary yesterday
echo "Tuesday: I deleted everything" | sudo tee diary/page
examinerctl task wait verify_snapshot --timeout 30s
