"""Where a task runs: in the project's own image, which has all that it needs."""

from kfp import dsl

IMAGE = "<[ project_name ]>-pipeline:local"

# Without this, each task would first install kfp with pip, on every start.
task = dsl.component(base_image=IMAGE, install_kfp_package=False)
