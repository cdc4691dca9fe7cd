# session: debian-01
for n in 1 2; do
  sudo ip link add sw-$n type bridge vlan_filtering 1
  sudo ip link set sw-$n up
  for cable in red-$n blue-$n trunk-$n; do
    sudo ip link set $cable master sw-$n
    sudo ip link set $cable up
    sudo bridge vlan del dev $cable vid 1
  done
  sudo bridge vlan add dev red-$n vid 10 pvid untagged
  sudo bridge vlan add dev blue-$n vid 20 pvid untagged
  sudo bridge vlan add dev trunk-$n vid 10
  sudo bridge vlan add dev trunk-$n vid 20
done
examinerctl task wait verify_apart --timeout 30s
