"""Git repositories of others: fetched with nothing of theirs run, and only from where everybody may go."""
