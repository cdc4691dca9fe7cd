# session: debian-01
sudo setfacl -R -m u:cleo:rX,g:writers:rwX,o::--- /srv/novel
sudo setfacl -d -m u:cleo:rx,g:writers:rwx,o::--- /srv/novel
examinerctl task wait verify_tomorrow --timeout 30s
