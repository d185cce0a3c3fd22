"""OpenAI's own client, pointed at the lab's server."""

from openai import OpenAI

from ops.endpoint import api

MODEL = "smollm2"


def connect() -> OpenAI:
    # No retries: a lab shows each answer as it is. The server asks for no key, the client does.
    return OpenAI(base_url=f"{api()}/v1", api_key="unused", max_retries=0, timeout=300)
