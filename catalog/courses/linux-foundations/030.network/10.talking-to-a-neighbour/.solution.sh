# session: server-01
setsid --fork nc -l 5000 >~/received 2>/dev/null </dev/null
sleep 1

# session: client-01 retry=5
echo "hello from $(hostname)" | nc -N server-01 5000

# session: server-01
examinerctl task wait verify_received --timeout 30s
