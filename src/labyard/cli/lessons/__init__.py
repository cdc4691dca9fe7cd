"""`labyard challenge`, `labyard tutorial`, `labyard course`: lessons from the terminal. Names and flags are labctl's."""
