# session: debian-01
sudo pkill -CONT -x clerk
sudo pkill -HUP -x butler
sudo pkill -KILL -x mule
sudo systemctl stop office-careless
examinerctl task wait verify_zombie --timeout 30s
