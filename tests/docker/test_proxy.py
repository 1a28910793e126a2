"""The proxy and the server behind it: what outside must not reach."""

import configparser
import re
import shutil
import subprocess

import pytest
from docker_files import DOCKER

NGINX = (DOCKER / "nginx/default.conf").read_text()


def refused(path):
    """Say whether the first rule of the proxy that matches (prefix with ^~, or regular expression) refuses the path."""
    for kind, pattern, body in re.findall(r"location (\^~|~) (\S+) \{([^}]*)\}", NGINX):
        hit = path.startswith(pattern) if kind == "^~" else re.search(pattern, path)
        if hit:
            return "return 404" in body
    return False


@pytest.mark.parametrize(
    "path",
    [
        "/queue_job/runjob",
        "/queue_job/runjob?db=usage",
        "/web/database/manager",
        "/web/database/selector",
        "/web/database",
        "/xmlrpc/db",
        "/xmlrpc/2/db",
    ],
)
def test_the_proxy_refuses(path):
    assert refused(path)


@pytest.mark.parametrize("path", ["/", "/my", "/web", "/usage/v1/events", "/xmlrpc/2/common", "/websocket"])
def test_the_proxy_lets_through(path):
    assert not refused(path)


def test_the_server_manages_no_databases_and_trusts_the_proxy_only():
    conf = configparser.ConfigParser()
    conf.read(DOCKER / "odoo/odoo.conf")
    options = conf["options"]
    assert options["list_db"] == "False"
    assert options["proxy_mode"] == "True"
    assert options.getint("workers") >= 2
    assert "admin_passwd" not in options, "the master password is made at start, not written down"


def test_nginx_accepts_the_configuration(tmp_path):
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        pytest.skip("nginx is not installed here")
    site = tmp_path / "site.conf"
    site.write_text(
        re.sub(r"server odoo:", "server 127.0.0.1:", NGINX).replace("listen 80;", "listen 127.0.0.1:18080;")
    )
    main = tmp_path / "nginx.conf"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {tmp_path}/{kind}; " for kind in kinds)
    main.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {folders} include {site}; }}")
    run = subprocess.run([nginx, "-t", "-p", tmp_path, "-c", main], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
