echo default machine
# session: root@node-02 retry=0
cat > /etc/x <<EOF
# a comment of the file
EOF
