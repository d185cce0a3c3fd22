"""OpenAI's own client, pointed at the gateway, with the key of a team."""

from openai import OpenAI

from ops.endpoint import api, setting

MODEL = "smollm2"


def connect(team: str) -> OpenAI:
    """The client sends the key as `Authorization: Bearer KEY`."""
    key = setting(f"{team.upper()}_KEY")
    # No retries: a lab shows each answer as it is.
    return OpenAI(base_url=f"{api()}/v1", api_key=key, max_retries=0, timeout=300)
