"""What an operator runs. Start each with: python -m ops.NAME

The package reads .env, so that a command typed by hand sees what mlops-lab and make would give it.
What the environment has already stays as it is.
"""

from pathlib import Path

from dotenv import load_dotenv

load_dotenv(Path(__file__).parents[1] / ".env")
