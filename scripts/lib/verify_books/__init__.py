"""scripts/verify_books: the audit of the books from a command line."""
