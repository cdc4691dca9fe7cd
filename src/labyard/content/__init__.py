"""Lessons as their authors write them: Markdown with front matter and components."""
