"""Requests through Odoo's own WSGI application in this process: the whole stack but the socket."""

from werkzeug.test import Client

from odoo.http import root
from odoo.service.server import load_server_wide_modules


class Door:
    """Sends requests to one database."""

    def __init__(self, name, key):
        load_server_wide_modules()
        self._client = Client(root, use_cookies=False)
        self._headers = {"Authorization": f"Bearer {key}", "X-Odoo-Database": name}

    def post(self, path, body):
        """(status, answer in bytes) of a request whose body (bytes) is JSON."""
        response = self._client.post(path, data=body, content_type="application/json", headers=self._headers)
        return response.status_code, response.get_data()


def make_key(env, source):
    """A new ingestion key of a source, in clear."""
    wizard = env["usage.ingestion.key.wizard"].create({"source_id": source.id})
    return wizard.action_make()["context"]["default_key"]


def general_key(env, login="admin"):
    """A new API key for everything that a user may do, in clear."""
    user = env["res.users"].search([("login", "=", login)])
    return env["res.users.apikeys"].with_user(user).sudo()._generate(None, "Bench", None)
