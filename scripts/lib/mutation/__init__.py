"""Mutation of the rating kernel: wrong operators, numbers and conditions that the tests must notice."""
