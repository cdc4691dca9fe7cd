#!/bin/sh
# Runs on the box that builds. $1: a folder that holds the unpacked package and nothing else.
set -eu
root=$1
for folder in bin sbin usr usr/bin usr/sbin etc root home dev proc sys run tmp var var/log var/lib var/tmp mnt lib; do
  mkdir -p "$root/$folder"
done
[ -e "$root/bin/busybox" ] || mv "$root/usr/bin/busybox" "$root/bin/busybox"
rm -rf "$root/usr/share"
chmod 1777 "$root/tmp" "$root/var/tmp"
chmod 0700 "$root/root"
"$root/bin/busybox" --list-full | while read -r applet; do
  case $applet in
    linuxrc | sbin/init | bin/busybox) continue ;; # no init: the examiner is the one
  esac
  ln -sf /bin/busybox "$root/$applet"
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
printf 'root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n' >"$root/etc/shadow"
chmod 0640 "$root/etc/shadow"
printf '/bin/sh\n' >"$root/etc/shells"
printf 'export PATH=/sbin:/usr/sbin:/bin:/usr/bin\n' >"$root/etc/profile"
