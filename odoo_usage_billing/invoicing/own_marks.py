"""Marks in the context that this code alone can set: what a client sends is never this object."""

OWN = object()


def is_marked(env, name):
    """Whether our own code set a mark."""
    return env.context.get(name) is OWN
