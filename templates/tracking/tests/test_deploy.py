"""What a tracking server names becomes a folder only when it is a number."""

from types import SimpleNamespace

import pytest

from ops import deploy


@pytest.mark.parametrize("named", ["../../evil", "/evil", "1/2", "-1", "", "\u00b2", "\u0663"])
def test_a_version_that_is_no_number_is_refused(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setattr(deploy.endpoint, "tracking", lambda: None)
    monkeypatch.setattr(deploy, "champion", lambda: SimpleNamespace(version=named))
    with pytest.raises(SystemExit, match="which is no number"):
        deploy.main()
