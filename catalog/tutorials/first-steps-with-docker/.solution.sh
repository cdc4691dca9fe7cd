# session: docker-01
docker run --name scratchpad labyard/busybox:1 sh -c 'echo "all containers are processes" >/root/thought'
docker commit scratchpad thought:1
docker volume create memory
docker run --rm -v memory:/notes labyard/busybox:1 sh -c 'echo "volumes outlive containers" >/notes/thought'
examinerctl task wait verify_kept --timeout 30s
