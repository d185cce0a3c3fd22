"""Joins what it reads with the learner's code. Run in the project's folder."""

import json
import sys

sys.path.insert(0, ".")
from quality.join import join

print(json.dumps(join(*json.load(sys.stdin))))
