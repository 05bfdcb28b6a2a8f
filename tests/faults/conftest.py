"""What is killed here takes its time, so it is not part of every test run: `make faults` asks for it."""

import os

collect_ignore_glob = [] if os.environ.get("GONGDUAN_FAULTS") == "1" else ["test_*.py"]
