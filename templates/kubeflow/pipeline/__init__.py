"""The pipeline: its tasks, how they hang together, how it is compiled, checked and run."""
