# What a bot does to solve it: `labyard bot run course/{{name}}/first-module/first-lesson`
echo "read me" >/root/note
examinerctl task wait verify_note --timeout 30s
