"""The gateway's own code: how it fills the configuration, and what it says about a bad one."""

import stat
from pathlib import Path

import pytest

from gateway import envoy, settings

ENVIRONMENT = {
    "HOST": "127.0.0.1",
    "PORT": "8095",
    "SERVER_A_HOST": "127.0.0.1",
    "SERVER_A_PORT": "8096",
    "SERVER_B_HOST": "127.0.0.1",
    "SERVER_B_PORT": "8097",
    "SEARCH_KEY": "search-secret",
    "SUPPORT_KEY": "support-secret",
    "SERVER_KEY": "server-secret",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def refused(tmp_path: Path, find: str, put: str) -> str:
    """What is said about the lab's configuration with one change, which is its first mistake."""
    config = tmp_path / "envoy.yaml"
    settings.write(config)
    text = config.read_text("utf-8")
    assert find in text
    config.write_text(text.replace(find, put, 1), "utf-8")
    with pytest.raises(settings.SettingsError) as error:
        envoy.validate(config)
    return str(error.value)


def test_the_filled_copy_is_private(tmp_path: Path) -> None:
    config = tmp_path / "run/envoy.yaml"
    settings.write(config)
    assert "server-secret" in config.read_text("utf-8")
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_a_missing_value_is_named_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SERVER_KEY")
    with pytest.raises(settings.SettingsError, match=r"envoy\.yaml:1: SERVER_KEY is not set"):
        settings.fill("key: ${SERVER_KEY}")


def test_a_value_cannot_change_the_structure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_KEY", '", admin: "')
    with pytest.raises(settings.SettingsError, match="letters, digits"):
        settings.fill("key: ${SERVER_KEY}")


def test_a_comment_needs_no_value() -> None:
    assert settings.fill("  # ${WHATEVER}") == "  # ${WHATEVER}"


def test_the_configuration_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "envoy.yaml"
    settings.write(config)
    text = config.read_text("utf-8").replace("ledger/", f"{tmp_path}/")
    config.write_text(text, "utf-8")
    monkeypatch.setattr(settings, "SOURCE", config)
    envoy.validate(config)


@pytest.mark.parametrize(
    ("find", "put", "said"),
    [
        ("stat_prefix", "stat_prefx", "no such field: 'stat_prefx'"),
        ("route: { cluster: servers", "route: { cluster: server", "unknown cluster 'server'"),
        ("static_resources:", "static_resources", ":"),
    ],
)
def test_a_mistake_is_reported_without_a_key(
    tmp_path: Path, find: str, put: str, said: str
) -> None:
    message = refused(tmp_path, find, put)
    assert message.startswith("config/envoy.yaml")
    assert said in message
    assert "secret" not in message
    assert "\n" not in message
