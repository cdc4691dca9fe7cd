# session: docker-01
cd ~/hello
cat >Dockerfile <<'DOCKERFILE'
FROM scratch
COPY busybox /busybox
COPY page /page
USER 1000
ENTRYPOINT ["/busybox", "httpd", "-f", "-p", "8080", "-h", "/page"]
DOCKERFILE
docker build -t hello:1 .
docker run -d --name hello -p 8081:8080 hello:1
examinerctl task wait verify_served --timeout 30s
