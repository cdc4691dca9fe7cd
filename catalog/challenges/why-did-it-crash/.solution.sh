# session: docker-01
script=$(docker inspect --format '{{index .Config.Cmd 2}}' greeter)
docker rm greeter
docker run -d --name greeter -e GREETING="Good morning" labyard/busybox:1 sh -c "$script"
docker update --memory 64m --memory-swap 64m hoarder
docker start hoarder
sudo chown 1500:1500 /srv/lab/scribe
docker start scribe
examinerctl task wait verify_scribe --timeout 30s
