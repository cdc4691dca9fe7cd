# session: old-01
# "permission denied", as the learner reads it: whatever mount really says is what is handed in.
said=$(unshare --user --map-root-user --mount sh -c 'LC_ALL=C mount -t binfmt_misc none /mnt 2>&1' | head -n 1 || true)
echo -n "${said#mount: /mnt: }" | examinerctl task input verify_refused
examinerctl task wait verify_refused --timeout 30s

# session: new-01
nohup setsid unshare --user --map-root-user --mount sh -c '
  mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
  echo ":shout:M::SHOUT::/usr/bin/tail:" >/proc/sys/fs/binfmt_misc/register
  exec sleep 100000' >/dev/null 2>&1 &
echo $! >~/sandbox.pid
examinerctl task wait verify_format --timeout 30s
