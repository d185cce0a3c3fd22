"""Counts the rows that it reads with the learner's code, and prints what became of the counter.

In its environment MODELS_DIR has a profile that nobody has seen. Run in the project's folder.
"""

import json
import sys

sys.path.insert(0, ".")
import numpy as np
from observe import inputs

before = [sample.labels for sample in next(iter(inputs.seen.collect())).samples]
for batch in json.load(sys.stdin):
    inputs.count(np.array(batch, dtype=np.float32))
samples = next(iter(inputs.seen.collect())).samples
print(
    json.dumps(
        {
            "before": len([labels for labels in before if "bin" in labels]),
            "after": {
                f"{s.labels['feature']} {s.labels['bin']}": s.value
                for s in samples
                if s.name == "model_input_rows_total"
            },
        }
    )
)
