"""Sources that have keys go on as they were; others keep their ids in order."""


def migrate(cr, version):
    """Say of each source how its ids are remembered, before the field's default says it of all."""
    cr.execute("ALTER TABLE usage_source ADD COLUMN IF NOT EXISTS key_form varchar")
    cr.execute(
        """
        UPDATE usage_source s
           SET key_form = CASE WHEN EXISTS (SELECT FROM usage_event_key k WHERE k.source_id = s.id)
                               THEN 'hashed' ELSE 'ordered' END
         WHERE key_form IS NULL
        """
    )
