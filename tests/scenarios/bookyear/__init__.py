"""A year of three companies, lived day by day, and an accountant who works everything out again by hand."""
