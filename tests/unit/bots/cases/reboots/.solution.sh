# session: root@node-01
echo '/dev/vdb /data ext4 defaults 0 2' >> /etc/fstab
systemctl reboot
# session: node-02
# reboot is only spoken of here
cat /proc/uptime
# session: root@node-02
sudo shutdown -r now
