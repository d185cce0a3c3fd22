"""The server's configuration, parsed by its own messages: an unknown field is refused."""

import pytest
from google.protobuf import text_format

from tests.conftest import CONFIG
from wire import config

PARSERS = {
    "models.config": config.models,
    "batching.config": config.batching,
    "monitoring.config": config.monitoring,
}


@pytest.mark.parametrize("name", PARSERS)
def test_the_file_parses_and_says_something(name: str) -> None:
    assert PARSERS[name]((CONFIG / name).read_text("utf-8")).ByteSize() > 0


@pytest.mark.parametrize("name", PARSERS)
def test_an_unknown_field_is_refused(name: str) -> None:
    with pytest.raises(text_format.ParseError, match="no field named"):
        PARSERS[name]((CONFIG / name).read_text("utf-8") + "\nno_such_field: 1\n")


def test_a_label_names_a_version_that_is_loaded() -> None:
    parsed = config.models((CONFIG / "models.config").read_text("utf-8"))
    (model,) = parsed.model_config_list.config
    assert model.base_path == "/models/rollback"
    assert set(model.version_labels.values()) <= set(model.model_version_policy.specific.versions)
    assert config.labels(CONFIG / "models.config", "rollback") == dict(model.version_labels)


def test_batch_sizes_must_end_in_the_largest_batch() -> None:
    text = (CONFIG / "batching.config").read_text("utf-8")
    with pytest.raises(ValueError, match="max_batch_size"):
        config.batching(text + "\nallowed_batch_sizes: 64\n")
