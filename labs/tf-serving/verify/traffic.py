"""Predictions by the label: run between two readings of a metric."""

import sys

import lab

for _ in range(int(sys.argv[1])):
    lab.predict("/labels/stable", [[90, 8, 1, 1, 15, 4, 0, 9]])
