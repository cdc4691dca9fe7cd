# session: docker-01
docker run -d --name web -p 8080:80 labyard/busybox:1 httpd -f -h /www
docker exec web sh -c 'echo "It works" >/www/index.html'
docker exec stranger sh -c 'echo -n "$LOCKER"' | examinerctl task input verify_locker
docker exec stranger cat /tmp/note | tr -d '\n' | examinerctl task input verify_note
examinerctl task wait verify_page --timeout 30s
