"""Makes reports/sample and docs/report.png anew: `make sample`. Takes a few minutes; the picture needs chromium."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.report.browser import opened  # noqa: E402

SAMPLE = ROOT / "reports" / "sample"
VIEWS = ("", "#tc-012-cs")
"""What the picture shows side by side: the beginning, and a case that failed."""
WIDTH, HEIGHT = 860, 1070


def main() -> None:
    """Runs all cases against the simulated station with the sample's fault, and keeps the two reports."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        given = ("--bench", SAMPLE / "bench.toml", "--pics", SAMPLE / "pics.toml", "--out", out)
        done = subprocess.run([sys.executable, "-m", "octt.commands.main", "run", *map(str, given)])
        if done.returncode != 1:
            sys.exit(f"the sample should fail by its fault; octt run ended with {done.returncode}")
        for name in ("report.html", "report.pdf"):
            shutil.copyfile(out / name, SAMPLE / name)
        (ROOT / "docs" / "report.png").write_bytes(picture(Path(folder)))


def picture(folder: Path) -> bytes:
    """The views side by side, as PNG."""
    frames = "".join(
        f'<iframe src="{(SAMPLE / "report.html").as_uri()}{view}" width="{WIDTH}" height="{HEIGHT}"></iframe>'
        for view in VIEWS
    )
    page = folder / "views.html"
    style = (
        "body { margin: 0; display: flex; gap: 2px; background: #bbb } iframe { border: 0; background: #fff }"
    )
    page.write_text(f"<!doctype html><style>{style}</style>{frames}", encoding="utf-8")
    with opened(folder / "browser") as browser:
        browser.open(page.as_uri(), len(VIEWS) * (WIDTH + 2) - 2)
        size = {
            "width": len(VIEWS) * (WIDTH + 2) - 2,
            "height": HEIGHT,
            "deviceScaleFactor": 1,
            "mobile": False,
        }
        browser.do("Emulation.setDeviceMetricsOverride", **size)
        return base64.b64decode(browser.do("Page.captureScreenshot", format="png")["data"])


if __name__ == "__main__":
    main()
