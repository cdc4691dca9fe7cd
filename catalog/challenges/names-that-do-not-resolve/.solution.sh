# session: client-01
sudo sed -i 's/^hosts:.*/hosts: files dns/' /etc/nsswitch.conf
echo 'nameserver 172.16.0.3' | sudo tee /etc/resolv.conf
sudo sed -i '/shop\.lab\.test/d' /etc/hosts

# session: server-01
sudo sed -i 's/^host-record=mail.*/host-record=mail.lab.test,172.16.0.3/' /etc/dnsmasq.conf
sudo systemctl restart names

# session: client-01
examinerctl task wait verify_mail --timeout 30s
