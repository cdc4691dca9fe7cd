# session: storage-01
sudo mkswap /dev/vdg
sudo fallocate -l 256M /swapfile
sudo chmod 600 /swapfile
sudo mkswap /swapfile
echo "UUID=$(sudo blkid -s UUID -o value /dev/vdg) none swap sw,pri=10 0 0" | sudo tee -a /etc/fstab
echo "/swapfile none swap sw,pri=1 0 0" | sudo tee -a /etc/fstab
sudo swapon -a
examinerctl task wait verify_order --timeout 30s
