"""Prints what the server once said."""

import json

print(json.dumps({"rolled_back": True, "probability": 0.991463, "version": "1"}))
