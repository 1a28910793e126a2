"""The command `odoo usage_consume`. Loaded alone, before the addon: nothing of it is imported up here."""

import optparse
import sys

from odoo.cli.command import Command
from odoo.tools import config


class UsageConsume(Command):
    """Take usage out of MQTT brokers: one transaction per batch, acknowledged after COMMIT."""

    name = "usage_consume"

    def run(self, cmdargs):
        """Listen until SIGTERM; exit 0."""
        parser = config.parser
        parser.prog = self.prog
        group = optparse.OptionGroup(parser, "Usage from MQTT")
        group.add_option(
            "--source",
            dest="usage_sources",
            action="append",
            default=[],
            metavar="CODE",
            help="the source to listen to; may be given several times",
        )
        group.add_option(
            "--all",
            dest="usage_all",
            action="store_true",
            default=False,
            help="listen to every MQTT source of the database (the default)",
        )
        group.add_option(
            "--name",
            dest="usage_name",
            default="main",
            help="tells listeners of one source apart; each name has a session at the broker",
        )
        parser.add_option_group(group)
        options = config.parse_config([*cmdargs, "--no-http"], setup_logging=True)
        databases = config["db_name"]
        if len(databases) != 1:
            sys.exit("Name one database with -d: usage of one database is consumed by one command.")
        sys.exit(self._serve(databases[0], [] if options.usage_all else options.usage_sources, options.usage_name))

    def _serve(self, database, codes, name):
        from odoo.service.server import load_server_wide_modules

        load_server_wide_modules()
        from odoo.addons.odoo_usage_mediation.mqtt.supervisor import UnknownSourceError, serve

        try:
            serve(database, codes, name)
        except UnknownSourceError as missing:
            return f"No MQTT source with the code {missing}. See Usage > Configuration > Sources."
        return 0
