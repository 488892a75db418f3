"""Write files and folders so that nothing is lost: neither a user's files nor an earlier result."""
