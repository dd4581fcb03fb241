"""What is deployed: the lock files name no host, compose and image hold what docs/operations.md promises."""

import json
import re
import subprocess

import pytest
import yaml

from trialcapture import environment
from trialcapture.runtime.places import BASE_DIR

COMPOSE = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()


def test_it_works():
    assert set(SERVICES) == {"postgres", "valkey", "migrate", "web", "worker", "beat"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_every_service_that_stays_has_a_health_check_and_restarts(name):
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_the_web_role_is_all_that_serving_processes_get(name):
    assert not {"owner_database_url", "admin_database_url", "postgres_password"} & set(SERVICES[name]["secrets"])
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES[name]["read_only"] is True


def test_every_secret_is_a_file_and_declared():
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|_KEY|DATABASE_URL|REDIS_URL", key):
                assert key.endswith("_FILE"), key
                assert value.startswith("/run/secrets/")
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_every_setting_in_compose_exists():
    known = {environment.variable_of(field) for field in environment.Environment.model_fields}
    given = {name for name in SERVICES["web"]["environment"] if name.startswith("TRIALCAPTURE_")}
    assert {name.removesuffix("_FILE") for name in given} <= known


def test_every_volume_is_declared():
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_only_web_listens_and_only_on_loopback():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])


def test_the_image_does_not_run_as_root_and_ends_without_build_tools():
    last = DOCKERFILE.split("\nFROM ")[-1]
    assert "\nUSER trialcapture\n" in last
    assert not re.search(r"apt-get|npm|pip install", last)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_python_packages_are_pinned_with_hashes_and_no_host_is_named(name):
    text = (BASE_DIR / name).read_text()
    entries = re.findall(r"^[A-Za-z0-9][^\s=]*==\S+(?:.*\\\n(?:    --hash=.*\n)+)?", text, re.MULTILINE)
    assert len(entries) > 30
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"https?://|index-url", text)


def test_both_lists_agree():
    def pins(name):
        return dict(re.findall(r"^([A-Za-z0-9][\w.-]*)(?:\[\S+\])?==(\S+)", (BASE_DIR / name).read_text(), re.MULTILINE))

    runtime, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    assert runtime.items() <= dev.items()


def test_the_pages_libraries_are_pinned_with_hashes_and_no_host_is_named():
    packages = json.loads((BASE_DIR / "package-lock.json").read_text())["packages"]
    libraries = {name: entry for name, entry in packages.items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in libraries.values())
    assert not any("resolved" in entry for entry in libraries.values())


def test_the_ci_script_is_a_script():
    assert (BASE_DIR / ".ci" / "run").stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", ".ci/run"], cwd=BASE_DIR, check=False).returncode == 0
