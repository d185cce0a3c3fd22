"""What the learner's ops/cost.py makes of given lines and prices: bill.py FILE"""

import json
import sys
from pathlib import Path

sys.path.insert(0, ".")
from ops.cost import bill

print(json.dumps(bill(*json.loads(Path(sys.argv[1]).read_text("utf-8")))))
