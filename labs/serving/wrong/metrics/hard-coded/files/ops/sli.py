"""Says what everybody wants to hear."""

import json

print(json.dumps({"requests": 100, "failed": 0, "availability": 1.0}))
