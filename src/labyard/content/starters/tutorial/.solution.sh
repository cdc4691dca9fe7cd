# What a bot does to get through it: `labyard bot run tutorial/{{name}}`
uname -r >/tmp/kernel
examinerctl task wait verify_looked --timeout 30s
