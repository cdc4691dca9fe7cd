# session: debian-01
nohup setsid unshare --user --map-root-user --uts --net sh -c 'hostname elsewhere; ip link set lo up; exec sleep 1000' >/dev/null 2>&1 &
examinerctl task wait verify_name --timeout 30s
examinerctl task wait verify_network --timeout 30s
