"""Write down what LangGraph's own development server answers: `python -m tests.acceptance.oracle.record URL VERSION`.

By hand, with a server of the graphs beside this file: `langgraph dev --config tests/acceptance/oracle/langgraph.json
--no-browser --no-reload --allow-blocking`. That server is no dependency of ours (its licence is the Elastic License 2.0);
what it answers is a fact.
"""

import asyncio
import json
import sys
from pathlib import Path

from tests.acceptance.oracle.answers import answers
from tests.acceptance.oracle.calls import CALLS

RECORDED = Path(__file__).with_name("recorded.json")


def record(base_url: str, server: str) -> None:
    """Make every call and keep the answers."""
    written = {"server": server, "answers": asyncio.run(answers(base_url, CALLS))}
    RECORDED.write_text(json.dumps(written, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    record(sys.argv[1], sys.argv[2])
