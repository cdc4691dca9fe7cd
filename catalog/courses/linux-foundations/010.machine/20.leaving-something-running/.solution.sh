# session: debian-01
setsid --fork sleep 7777 </dev/null >/dev/null 2>&1
pkill -x -f '/usr/bin/sleep 500000'
examinerctl task wait verify_running --timeout 30s
