# session:
true
# session: no de@x
true
# Session: node-01
true
  # session: node-01
true
# session: node-01 retry=101
true
# session: node-01 retries=3
true
# session: -bad
true
# session: root@node-01 retry=1 more
true
