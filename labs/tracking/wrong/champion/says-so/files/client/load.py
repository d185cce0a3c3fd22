"""Says what everybody wants to hear."""

import json

print(json.dumps({"rolled_back": True, "probability": 0.98, "version": "1"}))
