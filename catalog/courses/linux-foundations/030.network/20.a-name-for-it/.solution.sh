# session: client-01
echo "172.16.0.3 library" | sudo tee -a /etc/hosts
curl -s -o ~/book http://library/book
examinerctl task wait verify_fetched --timeout 30s
