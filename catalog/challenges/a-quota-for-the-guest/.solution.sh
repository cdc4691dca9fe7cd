# session: storage-01
sudo tune2fs -O quota /dev/vde
sudo mount -o usrquota /dev/vde /srv/home
sudo quotaon -u /srv/home 2>/dev/null || true
sudo setquota -u guest 20M 30M 0 0 /srv/home
sudo install -d -o guest -g guest /srv/home/guest
sudo -u guest dd if=/dev/zero of=/srv/home/guest/things bs=1M count=50 || true
sync
examinerctl task wait verify_felt --timeout 30s
