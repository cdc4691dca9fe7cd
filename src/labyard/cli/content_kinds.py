"""The kinds of content, as words of a command line."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    CHALLENGE = "challenge"
    TUTORIAL = "tutorial"
    COURSE = "course"
    SKILL_PATH = "skill-path"
    ROADMAP = "roadmap"
    TRAINING = "training"
