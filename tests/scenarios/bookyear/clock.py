"""One clock for Python and PostgreSQL, which stands still until it is moved."""

from datetime import datetime, timedelta, timezone

from freezegun import freeze_time

# A function of this name that is found before the system's; `clock.at` is a setting of the session.
SQL_CLOCK = """
CREATE SCHEMA clock;
CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN COALESCE(NULLIF(current_setting('clock.at', true), '')::timestamptz, pg_catalog.now());
END $$;
"""
SEARCH = """
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = public, clock, pg_catalog', current_database());
END $$;
"""


class Clock:
    """`now` is what Python, Odoo and `now()` of a cursor that was told say."""

    def __init__(self, begin):
        self._freezer = freeze_time(begin, tick=False)
        self._frozen = None
        self.now = begin

    def install(self, cr):
        """Let new connections to the database find our `now()`."""
        cr.execute(SQL_CLOCK)
        cr.execute(SEARCH)

    def start(self):
        """Stop real time."""
        self._frozen = self._freezer.start()
        self.set(self.now)

    def stop(self):
        """Let real time go on."""
        self._freezer.stop()

    def set(self, moment):
        """Move to an instant, forwards or, for another life, back."""
        self.now = moment
        self._frozen.move_to(moment)

    def go(self, **delta):
        """Move on by a timedelta."""
        self.set(self.now + timedelta(**delta))

    def tell(self, cr):
        """Tell a cursor what time it is."""
        cr.execute("SELECT set_config('clock.at', %s, false)", (f"{self.now.isoformat()}+00",))
        cr._now = None

    @property
    def today(self):
        """The date, in UTC."""
        return datetime.date(self.now)

    @property
    def instant(self):
        """The instant, aware."""
        return self.now.replace(tzinfo=timezone.utc)
