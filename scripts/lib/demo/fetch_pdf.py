"""Fetch the newest usage invoice from the running demo as its manager would: log in, print."""

import re
import sys
from pathlib import Path

import requests


def main(url, target):
    """Write the PDF of the newest usage invoice, the largest of its day, to `target`."""
    session = requests.Session()
    page = session.get(f"{url}/web/login", timeout=60).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    session.post(
        f"{url}/web/login",
        data={"login": "manager", "password": "manager", "csrf_token": token},
        timeout=60,
    ).raise_for_status()
    found = session.post(
        f"{url}/web/dataset/call_kw/account.move/search",
        json={
            "jsonrpc": "2.0",
            "params": {
                "model": "account.move",
                "method": "search",
                "args": [[["usage_period_ids", "!=", False]]],
                "kwargs": {"limit": 1, "order": "invoice_date DESC, amount_total DESC"},
            },
        },
        timeout=60,
    ).json()["result"]
    printed = session.get(f"{url}/report/pdf/account.report_invoice_with_payments/{found[0]}", timeout=120)
    printed.raise_for_status()
    if not printed.content.startswith(b"%PDF"):
        raise SystemExit("the server did not answer with a PDF")
    Path(target).write_bytes(printed.content)


if __name__ == "__main__":
    main(*sys.argv[1:])
