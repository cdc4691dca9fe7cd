# session: storage-01
sudo pvcreate -q /dev/vdg
sudo vgextend -q data /dev/vdg
sudo lvextend -q -l +100%FREE --resizefs data/orders
examinerctl task wait verify_filesystem --timeout 30s
