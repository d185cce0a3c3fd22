"""The tests of the lab's own code."""
