"""A model server: llama.cpp, started from Python. Two of them run behind the gateway."""
