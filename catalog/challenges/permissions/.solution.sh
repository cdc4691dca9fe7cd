# session: debian-01
cd /srv/ship
sudo chmod 755 bin/bell
sudo chmod 600 keys/safe
sudo chmod 2770 logbook
sudo chmod 1777 box
sudo find / -xdev -type f -name parrot -perm -4000 -exec chmod u-s {} +
examinerctl task wait verify_parrot --timeout 30s
