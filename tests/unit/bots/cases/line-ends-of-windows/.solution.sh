true
# session: node-01
false
