#!/bin/sh
# Runs on the box that builds, as root, once the packages are installed. $1: the root file system.
set -eu
root=$1

chroot "$root" usermod --append --groups docker laborant
chroot "$root" systemctl enable docker.service containerd.service

# The container image: busybox and its applets, as `docker save` would write it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tree/bin" "$work/tree/etc" "$work/tree/tmp" "$work/tree/root" "$work/tree/www" "$work/image"
cp "$root/bin/busybox" "$work/tree/bin/busybox"
"$root/bin/busybox" --list | while read -r applet; do
  [ "$applet" = busybox ] || ln -s busybox "$work/tree/bin/$applet"
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$work/tree/etc/passwd"
echo 'root:x:0:' >"$work/tree/etc/group"
chmod 1777 "$work/tree/tmp"

pack() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar -C "$1" -cf "$2" .; }
pack "$work/tree" "$work/image/layer.tar"
layer=$(sha256sum "$work/image/layer.tar" | cut -d' ' -f1)
architecture=$(chroot "$root" dpkg --print-architecture)
cat >"$work/config.json" <<JSON
{"architecture": "$architecture", "os": "linux", "created": "1970-01-01T00:00:00Z",
 "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/sh"]},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$layer"]}}
JSON
config=$(sha256sum "$work/config.json" | cut -d' ' -f1)
mv "$work/config.json" "$work/image/$config.json"
cat >"$work/image/manifest.json" <<JSON
[{"Config": "$config.json", "RepoTags": ["labyard/busybox:1"], "Layers": ["layer.tar"]}]
JSON
mkdir -p "$root/usr/local/share/labyard"
pack "$work/image" "$root/usr/local/share/labyard/busybox.tar"

rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/log/*.log "$root"/var/log/apt
touch "$root/etc/.updated" "$root/var/.updated"
