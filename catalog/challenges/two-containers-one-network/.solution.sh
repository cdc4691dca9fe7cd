# session: docker-01
docker network create shop
docker network connect shop back
docker network connect shop front
docker network disconnect bridge back
examinerctl task wait verify_talk --timeout 40s
