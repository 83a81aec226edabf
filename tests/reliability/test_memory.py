from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.reliability.children import needs_fork
from tests.reliability.memory import peak_of, peak_of_children, running_children

PAUSE_S = 0.3


@needs_fork
def test_a_child_before_its_exec_is_not_taken_for_one_that_holds_this_process_s_memory() -> None:
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    try:
        assert peak_of(str(child)) > 0 and str(child) not in running_children()
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


@needs_fork
def test_a_child_that_runs_a_program_counts_with_what_it_had_at_most() -> None:
    code = "import sys; len(bytearray(50_000_000)); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline()
        assert str(process.pid) in running_children()
        with peak_of_children(every_s=0.01) as peak:
            time.sleep(PAUSE_S)
        assert peak.num_bytes >= peak_of(str(process.pid)) > 50_000_000
        process.kill()
