"""An LLM server: llama.cpp (engine.py) behind a small front that guards it (front.py)."""
