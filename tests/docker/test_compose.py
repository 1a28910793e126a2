"""compose.yml without a Docker engine: what can be said about it by reading it."""

import configparser
import re
import shutil
import subprocess

import pytest
import yaml
from docker_files import DOCKER, ROOT, compose, pins, variables

SECRET = re.compile("PASSWORD|SECRET|KEY")
ONE_SHOT = {"init"}


def settings(service):
    found = service.get("environment", {})
    return found if isinstance(found, dict) else dict(item.split("=", 1) for item in found)


@pytest.fixture(scope="module")
def services():
    return compose()["services"]


def test_all_parts_are_there(services):
    assert set(services) == {"db", "init", "odoo", "mosquitto", "consumer", "nginx"}


def test_no_secret_has_a_default(services):
    for name, service in services.items():
        for key, value in settings(service).items():
            if SECRET.search(key):
                assert re.fullmatch(r"\$\{\w+:\?.+\}", str(value)), f"{name}.{key} must be ${{...:?message}}"


def test_the_demo_profile_answers_every_question_and_the_example_none(services):
    wanted = set(re.findall(r"\$\{(\w+):\?", (DOCKER / "compose.yml").read_text()))
    demo, example = variables("demo.env"), variables("example.env")
    assert wanted <= set(demo)
    assert all(demo[key] for key in wanted)
    assert wanted == set(example)
    assert not any(example.values()), "example.env names the variables and fills in none"


def test_the_consumer_waits_for_its_profile(services):
    assert [name for name, service in services.items() if service.get("profiles")] == ["consumer"]
    assert services["consumer"]["profiles"] == ["mqtt"]
    assert services["consumer"]["command"][:2] == ["odoo", "usage_consume"]


def test_every_lasting_service_restarts_and_is_watched(services):
    for name, service in services.items():
        if name not in ONE_SHOT:
            assert service["restart"] == "unless-stopped", name
            assert service.get("healthcheck"), name


def test_only_proxy_and_broker_have_doors_and_both_open_to_this_machine(services):
    doors = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert set(doors) == {"nginx", "mosquitto"}
    for ports in doors.values():
        for port in ports:
            assert re.match(r"\$\{\w+_ADDRESS:-127\.0\.0\.1\}:", port), port


def test_devices_with_certificates_come_in_by_a_file_of_its_own():
    more = yaml.safe_load((DOCKER / "compose.tls.yml").read_text())["services"]
    assert set(more) == {"mosquitto"}
    assert all(re.match(r"\$\{\w+_ADDRESS:-127\.0\.0\.1\}:.*:8883$", port) for port in more["mosquitto"]["ports"])


def test_the_consumer_uses_the_listener_that_is_not_published(services):
    assert settings(services["consumer"])["MQTT_PORT"] == "1884"
    assert not [port for port in services["mosquitto"]["ports"] if "1884" in port]


def test_a_folder_that_sources_watch_is_kept(services):
    conf = configparser.ConfigParser()
    conf.read(DOCKER / "odoo/odoo.conf")
    root = conf["options"]["usage_folder_root"]
    assert f"usage-files:{root}" in services["odoo"]["volumes"]
    assert root in (DOCKER / "Dockerfile").read_text(), "made for the user that Odoo runs as"


def test_the_database_cannot_be_reached_from_outside(services):
    assert services["db"]["networks"] == ["inside"]
    assert compose()["networks"]["inside"]["internal"] is True


def test_dependencies_and_volumes_exist(services):
    declared = set(compose()["volumes"])
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services, (name, needed)
            if how["condition"] == "service_healthy":
                assert "test" in services[needed]["healthcheck"], (name, needed)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in declared or (DOCKER / source).exists(), (name, volume)


def test_images_are_named_with_a_version(services):
    for name, service in services.items():
        assert re.search(r":\d", service["image"]), f"{name} uses {service['image']}"
    assert "ARG ODOO_IMAGE=odoo:19.0" in (DOCKER / "Dockerfile").read_text()


def test_the_image_copies_what_exists():
    for line in (DOCKER / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                if not source.startswith("odoo_usage_") or (ROOT / source).exists():
                    assert (ROOT / source).exists(), source


def test_pins_of_the_image_equal_ours():
    ours, theirs = pins(ROOT / "requirements/odoo.txt"), pins(DOCKER / "python.txt")
    assert {name: ours.get(name) for name in theirs} == theirs
    assert "requirements/oca.txt" in (DOCKER / "Dockerfile").read_text()


def test_shell_scripts_of_the_images_parse():
    for name in ("odoo/start", "odoo/init", "mosquitto/start", "certificates"):
        run = subprocess.run(["sh", "-n", DOCKER / name], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr


def test_compose_itself_accepts_the_file():
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker's compose plugin is not installed here")
    command = [docker, "compose", "--env-file", "demo.env", "--profile", "mqtt", "config", "--quiet"]
    run = subprocess.run(command, cwd=DOCKER, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
