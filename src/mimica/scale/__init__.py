"""Many machines: the only room that imports Ray. It holds adapters; what is done lies in the rooms that it serves.

Importing the room is importing Ray, so only `--engine ray` does.
"""

import os

# Ray joins a cluster by itself whenever anything asks it after the end, such as a thread of Serve; only `connect` may
os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # read when Ray is imported
