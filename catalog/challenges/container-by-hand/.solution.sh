# session: debian-01
sudo mkdir /sys/fs/cgroup/box
echo 64M | sudo tee /sys/fs/cgroup/box/memory.max
echo 20 | sudo tee /sys/fs/cgroup/box/pids.max
nohup sudo bash -c 'echo $$ >/sys/fs/cgroup/box/cgroup.procs
  exec unshare --pid --fork --mount --uts --net chroot /srv/box bash -c "
    hostname box; mount -t proc proc /proc; exec sleep 100000"' >/dev/null 2>&1 &
examinerctl task wait verify_apart --timeout 30s
