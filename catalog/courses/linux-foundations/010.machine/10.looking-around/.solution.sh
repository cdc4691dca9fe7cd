# session: debian-01
{
  echo "host=$(hostname)"
  echo "kernel=$(uname -r)"
  echo "memory=$(awk '/^MemTotal/ {print $2}' /proc/meminfo)"
} >~/report.txt
examinerctl task wait verify_report --timeout 30s
