# session: node-01
# session: node-02
# only words
