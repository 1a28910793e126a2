"""Topics and topic filters: plain text, no broker."""

SHARED = "$share"


def levels(topic_filter):
    """How many levels a topic can have under a filter; with # at its end, any number."""
    parts = (topic_filter or "").split("/")
    return 10_000 if parts[-1] == "#" else len(parts)


def filter_flaw(topic_filter, group=""):
    """What is wrong with a filter and its share group, in words; "" when nothing is."""
    if not topic_filter:
        return "it is empty"
    if len(topic_filter.encode()) > 1000 or "\0" in topic_filter:
        return "it is too long or has a NUL"
    if topic_filter.startswith("$"):
        return "it begins with $, which is the broker's own"
    parts = topic_filter.split("/")
    for place, part in enumerate(parts, start=1):
        if "#" in part and (part != "#" or place != len(parts)):
            return "# stands alone, at the end"
        if "+" in part and part != "+":
            return "+ stands alone in its level"
    if set(group) & set("/+#\0"):
        return "a group has no /, + or #"
    return ""


def subscription(topic_filter, group=""):
    """What is subscribed to: the filter, shared by a group or not."""
    return f"{SHARED}/{group}/{topic_filter}" if group else topic_filter


def subject_of(topic, level):
    """The level (from 1) of a topic that names the subject; "" when it has none."""
    parts = topic.split("/")
    return parts[level - 1] if 0 < level <= len(parts) else ""
