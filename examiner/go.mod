module labyard/examiner

go 1.24
