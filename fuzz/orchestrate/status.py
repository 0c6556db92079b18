"""How a campaign is doing, for another shell: it keeps DIR/status.json, and this reads it."""
from __future__ import annotations

import contextlib
import fcntl
import json
from dataclasses import asdict
from pathlib import Path

from .record import Under
from .tools import CLEAN, ToolError, shown, write_json


def is_running(out: Path) -> bool:
    """Whether a campaign holds the folder's lock."""
    try:
        with open(out / ".lock") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def note_under(out: Path, rows: list[Under]) -> None:
    """The fuzzing is over, and machines run what was kept."""
    with contextlib.suppress(OSError, ValueError, ToolError):  # it is not worth a failure
        known = json.loads((out / "status.json").read_text())
        write_json(out / "status.json", known | {"under": [asdict(row) for row in rows]})


def show(out: Path) -> int:
    """Print the status. Returns: the exit status."""
    try:
        status = json.loads((out / "status.json").read_text())
        lines = [f"{row['name']:12}{row['runs']:14,} runs{row['runs'] / max(status['seconds'], 1):12,.0f} /s{row['features']:8} features"
                 f"{row['corpus']:8} inputs{row['crashes']:6} crashes" for row in status["harnesses"]]
        lines += [f"{row['machine']:12}{row['traces']:14,} programs on its protection hardware{row['faults_seen']:12,} faults"
                  f"{len(row['findings']):6} findings" for row in status.get("under", [])]
        head = (f"{status['seconds']:.0f} s of {status['time']:.0f} s, {status['findings']} findings"
                + (f" ({', '.join(status['identities'])})" if status["identities"] else ""))
    except FileNotFoundError as error:
        raise ToolError(f"{out}: no campaign has run in this folder") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(f"{out / 'status.json'}: cannot be read: {error}") from error
    print(shown(("running: " if is_running(out) else "not running; its last status: ") + head))
    print(shown("\n".join(lines)))
    return CLEAN
