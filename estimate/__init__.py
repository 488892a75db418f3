"""The answer: a table of patients in (real or simulated: it cannot know), estimates out."""
