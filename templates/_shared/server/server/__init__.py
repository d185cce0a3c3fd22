"""A model server: the Open Inference Protocol (v2, REST) in front of ONNX Runtime.

Read in this order: settings, repository, protocol, routing, app, bounds, __main__.
"""

import os

# onnxruntime's Linux wheels report usage to their maker unless switched off. The switch is read
# when the library loads, so it is set here: before any module of this package can import it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
