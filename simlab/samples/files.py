"""The sample as files: what `simlab init DIR` leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simlab.errors import UsageError
from simlab.samples.retailer import SEED, retailer

if TYPE_CHECKING:
    import os


FILES = ("study.toml", "items.csv", "demand.csv", "receipts.csv")


def study_text() -> str:
    """The commented study file of the sample."""
    return (Path(__file__).parent / "study.toml").read_text(encoding="utf-8")


def write_sample(folder: str | os.PathLike[str], *, seed: int = SEED) -> tuple[Path, ...]:
    """Write the demo retailer as ``study.toml`` and three CSV files.

    Parameters
    ----------
    folder : path
        Made if it does not exist. A file that stands there already is never replaced.
    seed : int
        Seed of the retailer.

    Returns
    -------
    tuple of Path
        The files written: study.toml, items.csv, demand.csv, receipts.csv.

    Raises
    ------
    UsageError
        One of the files exists, or the folder is a file.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file, name a folder")
    paths = tuple(target / name for name in FILES)
    standing = [str(path) for path in paths if path.exists() or path.is_symlink()]
    if standing:
        raise UsageError(f"{', '.join(standing)} exists already: nothing is replaced, name another folder")
    frames = retailer(seed)
    target.mkdir(parents=True, exist_ok=True)
    texts = (
        study_text(),
        frames.items.to_csv(index=False, lineterminator="\n"),
        frames.demand.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n"),
        frames.receipts.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n"),
    )
    for path, text in zip(paths, texts, strict=True):
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    return paths
