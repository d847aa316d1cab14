"""Run the attacks for which it matters who runs the sandbox, as whoever starts this program, and print what escaped, as JSON.

`python hostile_run.py <bubblewrap|landlock>`, with the repository as the current folder. Standard library only, so that any
Python of the machine can run it as another user.
"""

# ruff: noqa: I001 - the path comes first

import asyncio
import json
import sys

sys.path.insert(0, ".")  # the script's own folder is there instead

from nodes.sandbox.bubblewrap import BubblewrapSandbox
from nodes.sandbox.landlock import LandlockSandbox
from nodes.sandbox.protocol import Sandbox
from tests.integration.sandbox.host import attacking, host


WHERE_THE_USER_MATTERS = """
unix_socket_by_path read_a_file_outside write_a_file_outside environment_of_the_server signal_the_server trace_the_server
fork_bomb many_processes_with_memory fill_the_disk fill_the_disk_unseen leave_a_daemon new_user_namespace
""".split()


async def main() -> None:
    sandbox: Sandbox = BubblewrapSandbox() if sys.argv[1] == "bubblewrap" else LandlockSandbox()
    escaped = {}
    for name in WHERE_THE_USER_MATTERS:
        with host() as around:
            result = await sandbox.run(attacking(name, around.targets))
            if "ESCAPED" in result.stdout or around.damage():
                escaped[name] = [result.stdout[-200:], *around.damage()]
    good = await sandbox.run(attacking("well_behaved", {}))
    sys.stdout.write(json.dumps({"escaped": escaped, "good": good.stdout.strip(), "problem": good.stderr}))


asyncio.run(main())
