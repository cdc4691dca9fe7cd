# session: debian-01
cd
echo "Dear friend" >letter
ln letter copy-of-letter
ln -s letter signpost
ln -s nowhere lost
examinerctl task wait verify_broken --timeout 30s
