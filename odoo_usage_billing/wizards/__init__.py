from . import usage_preview
