"""Settings from the environment: strict, and each refusal one sentence that names the variable."""

import pytest

from trialcapture import environment

LEAST = {
    "DATABASE_URL": "postgresql://web:pw@/tc?host=/tmp",
    "REDIS_URL": "redis://127.0.0.1/0",
    "SECRET_KEY": "k" * 32,
    "TRIALCAPTURE_VAR_DIR": "/nonexistent",
}


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(SystemExit) as found:
        environment.load(environ)
    return str(found.value)


def test_it_works():
    env = environment.load(LEAST)
    assert (env.debug, env.https, env.session_idle_minutes) == (False, False, 30)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY"])
def test_what_is_missing_is_named(name):
    said = refusal({key: value for key, value in LEAST.items() if key != name})
    assert said.startswith(f"{name} is not set (nor {name}_FILE).")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "sqlite:///x"),
        ("REDIS_URL", "http://x"),
        ("SECRET_KEY", "short"),
        ("TRIALCAPTURE_DEBUG", "maybe"),
        ("TRIALCAPTURE_SESSION_IDLE_MINUTES", "4"),
        ("TRIALCAPTURE_SESSION_IDLE_MINUTES", "half an hour"),
        ("TRIALCAPTURE_HSTS_SECONDS", "-1"),
        ("TRIALCAPTURE_LOG_FORMAT", "xml"),
        ("TRIALCAPTURE_LOG_LEVEL", "info"),
        ("TRIALCAPTURE_WEB_ROLE", 'web"; DROP TABLE x'),
    ],
)
def test_what_is_wrong_is_named(name, value):
    assert refusal(LEAST | {name: value}).startswith(f"{name}: ")


def test_all_that_is_wrong_is_said_at_once():
    said = refusal(LEAST | {"SECRET_KEY": "short", "TRIALCAPTURE_LOG_FORMAT": "xml"})
    assert len(said.splitlines()) == 2


def test_a_setting_that_does_not_exist_is_refused():
    assert "TRIALCAPTURE_DEBGU" in refusal(LEAST | {"TRIALCAPTURE_DEBGU": "true"})


def test_hsts_without_https_is_refused():
    assert "HTTPS" in refusal(LEAST | {"TRIALCAPTURE_HSTS_SECONDS": "60"})


def test_a_secret_may_be_a_file(tmp_path):
    path = tmp_path / "key"
    path.write_text("s" * 40 + "\n")
    environ = {key: value for key, value in LEAST.items() if key != "SECRET_KEY"} | {"SECRET_KEY_FILE": str(path)}
    assert environment.load(environ).secret_key == "s" * 40


def test_a_file_that_cannot_be_read_is_named():
    environ = {key: value for key, value in LEAST.items() if key != "SECRET_KEY"} | {"SECRET_KEY_FILE": "/nowhere"}
    assert refusal(environ).startswith("SECRET_KEY_FILE: /nowhere cannot be read")


def test_what_the_embedded_services_wrote_is_read(tmp_path):
    (tmp_path / "secrets").mkdir()
    text = "".join(f"{name}={value}\n" for name, value in LEAST.items() if name != "TRIALCAPTURE_VAR_DIR")
    (tmp_path / "secrets" / "web.env").write_text(text)
    assert environment.load({"TRIALCAPTURE_VAR_DIR": str(tmp_path)}).secret_key == "k" * 32


def test_the_environment_goes_before_the_file(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "web.env").write_text("DATABASE_URL=postgresql://other\nSECRET_KEY=" + "o" * 40 + "\n")
    assert environment.load(LEAST | {"TRIALCAPTURE_VAR_DIR": str(tmp_path)}).secret_key == "k" * 32
