"""The wheel and the sdist, built from this checkout; and a place to install them in without the registry."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@functools.cache
def built() -> tuple[Path, Path]:
    """The wheel and the sdist."""
    folder = Path(tempfile.mkdtemp(prefix="octt-packages-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def dependencies(folder: Path) -> dict[str, str]:
    """An environment in which pip finds everything that octt needs installed already, but not octt itself."""
    beside = folder / "dependencies"
    beside.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.lower().startswith(("octt", "_octt", "__editable__", "pip")):
            (beside / entry.name).symlink_to(entry)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "CI_", "OCTT_"))
    }
    return {
        **kept,
        "PYTHONPATH": str(beside),
        "PIP_NO_INDEX": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
