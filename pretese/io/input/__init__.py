"""Users' tables, read column by column."""
