"""How Appyard is reached and kept running."""

import os

# Before anything imports langgraph: only the types in a graph's own schemas are revived from its checkpoints. With the
# default a forged checkpoint runs any function (GHSA-g48c-2wqr-h844), and the flag is read once, at import.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
