"""The answer: a table of men in (real or drawn: it cannot know), estimates out."""
