"""Tables of users, read column by column."""
