"""The demo: a story told through the product's own doors, from a seed."""
