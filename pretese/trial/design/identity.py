"""What every file of a planned trial begins with."""

from protocol.reading.documents import Document
from protocol.reading.fields import Day, Identifier


class TrialIdentity(Document):
    """Name and question of a planned trial, and the version of its file."""

    id: Identifier
    title: str
    question: str
    version: str | None = None
    author: str | None = None
    date: Day | None = None
