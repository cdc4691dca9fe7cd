# What a bot does to solve it: `labyard bot run challenge/{{name}}`
echo "hello, and welcome" >/root/desk/greeting
examinerctl task wait verify_greeting --timeout 30s
