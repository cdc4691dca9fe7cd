#!/bin/sh
# Runs on the box that builds, as root, once the packages are installed. $1: the root file system.
set -eu
root=$1

chroot "$root" useradd --uid 1001 --create-home --shell /bin/bash laborant
echo 'laborant ALL=(ALL:ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/laborant"
chmod 0440 "$root/etc/sudoers.d/laborant"

# The welcome text of a playground: shown by the first shell, once.
for home in etc/skel root home/laborant; do
  cat >>"$root/$home/.bashrc" <<'BASHRC'

if [ -f ~/.welcome ] && [ -t 1 ]; then
  cat ~/.welcome
  rm -f ~/.welcome
fi
BASHRC
done

# The examiner names and configures the network cards; nobody else touches them.
mkdir -p "$root/etc/systemd/network"
ln -s /dev/null "$root/etc/systemd/network/99-default.link"
: >"$root/etc/resolv.conf"

# What a play that lives for an hour does not need, and what waits for hardware that is not there.
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  dpkg-db-backup.timer mdcheck_start.timer mdcheck_continue.timer mdmonitor-oneshot.timer mdmonitor.service \
  serial-getty@ttyS0.service getty-static.service getty@tty1.service systemd-networkd.service \
  systemd-networkd-wait-online.service systemd-networkd.socket systemd-pstore.service systemd-firstboot.service \
  systemd-binfmt.service proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount modprobe@drm.service \
  sys-kernel-config.mount sys-fs-fuse-connections.mount; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
chroot "$root" systemctl set-default multi-user.target
chroot "$root" systemctl disable apparmor.service blk-availability.service lvm2-monitor.service nftables.service rsync.service quota.service quotarpc.service \
  quotaon.service || true

# Each machine makes its own identity.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed" "$root/etc/hostname"
chroot "$root" systemctl enable ssh.service

rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/debconf/*-old "$root"/var/log/*.log \
  "$root"/var/log/apt "$root"/var/cache/ldconfig/aux-cache "$root"/boot/*
# Nothing changed since the image was made: no indexes to rebuild on the first boot.
touch "$root/etc/.updated" "$root/var/.updated"
