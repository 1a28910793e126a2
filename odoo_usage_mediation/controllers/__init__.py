from . import download, events, openapi
