"""The five kinds of task, a file each.

A task runs in a process or a container of its own, and its source is compiled into the pipeline
and travels alone. So each function imports what it needs inside. What it imports from this
project is in the image, and locally in this folder.
"""
