"""Nine SKU-locations in one process, for runs that are stopped, killed and compared by their bytes."""

from pathlib import Path

from worlds.study import STUDY, write_study

NINE = (
    STUDY.replace("replications = 30", "replications = 8").replace("replications = 24", "replications = 8")
    + '\n[run]\nblock_items = 3\nworkers = 1\nbackend = "serial"\n'
)
_LEFT_OUT = ("P-1004,WEST", "P-1005,WEST", "P-1006,WEST")


def nine_items(folder: Path, text: str = NINE) -> Path:
    """The study of the baseline files without three of their twelve SKU-locations."""
    study = write_study(folder, text)
    for name in ("items.csv", "demand.csv"):
        lines = (folder / name).read_text("utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(x for x in lines if not x.startswith(_LEFT_OUT)), "utf-8")
    return study


def same_bytes(a: Path, b: Path) -> list[str]:
    """Files of two runs that must have the same bytes and have not."""
    names = {p.relative_to(x) for x in (a, b) for p in (x / "results").rglob("*") if p.is_file()}
    names |= {Path(name) for name in ("quality.parquet", "study.toml", "resolved.json")}
    differs = (n for n in sorted(names) if not _bytes(a / n) or _bytes(a / n) != _bytes(b / n))
    return [str(name) for name in differs]


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
