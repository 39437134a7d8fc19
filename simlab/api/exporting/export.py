"""`simlab export`: the levels of a finished run as a file that a planning system imports."""

from __future__ import annotations

import io
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.api.data.ordering import MOVE
from simlab.api.exporting import checked
from simlab.api.exporting.rules import EVERY_REVIEW, LOTS, SYSTEMS, Levels, NoRuleError, Rule
from simlab.errors import InvalidInputError, Problem, UsageError, is_visible, listed, visible
from simlab.measures.shown import Public
from simlab.reading import bytes_of, guarded, unguarded
from simlab.run import RunFolder
from simlab.run.spreadsheet import csv_bytes

if TYPE_CHECKING:
    import pandas as pd

PLAN, FILE, REVIEW, UNITS = "results/plan.csv", "reordering_rules.csv", "review.txt", "units.csv"
SAP = "sap"
_NOW = "_now"
_ODOO = ("odoo17", "odoo18", "odoo19")
_BY_UNIT = ("odoo19",)
"""Systems whose multiples are units (packagings), which must be there before."""
_RULE = ("minimum", "maximum", "multiple", "quantity")
_NAMED = 5
_NUMBERS = (
    *("review_period", "reorder_point_now", "reorder_point", "order_up_to_now", "order_up_to"),
    *("order_quantity_now", "order_quantity", "pack_size", "safety_stock", "service_now", "service"),
    *("stock_value_now", "stock_value", "stock_value_change", "target"),
)


@dataclass(frozen=True, eq=False, repr=False)
class Export(Public):
    """What was written.

    Attributes
    ----------
    folder : Path
    files : tuple of Path
        The table, and what to check before it is imported; for Odoo 19 the units that the table names.
    frame : DataFrame
        The table.
    notes : tuple of str
        The lines of the review file.
    """

    folder: Path
    files: tuple[Path, ...]
    frame: pd.DataFrame
    notes: tuple[str, ...]


def export(
    run: str | Path,
    system: str,
    *,
    columns: str | Path | None = None,
    changes_only: bool = False,
    current: bool = False,
    approximate: bool = False,
    out: str | Path | None = None,
) -> Export:
    """Write the levels of a run for a planning system, beside the run.

    Parameters
    ----------
    run : path
        Run folder of `optimize`, `simulate` or `gate`.
    system : str
        ``odoo17``, ``odoo18``, ``odoo19``, ``erpnext`` or ``csv``.
    columns : path, optional
        Of ``csv``: a TOML file whose table [columns] says which of our columns each of theirs holds;
        ``"sap"`` is there already.
    changes_only : bool
        Only rules that differ from today's.
    current : bool
        Today's levels: the way back; with `changes_only` of what the plan changes.
    approximate : bool
        Of ``erpnext``: levels that order up to S as the nearest (s,Q), with what that serves.
    out : path, optional
        Folder to create; default beside the run.

    Raises
    ------
    UsageError
        The run has no plan, the system is unknown, the folder exists.
    InvalidInputError
        The system cannot place the plan's orders, or the map names no column.
    """
    rule = _rule_of(system)
    if columns is not None and system != "csv":
        raise UsageError(f"--columns goes with --for csv: the columns of {system} are its own")
    if approximate and system != "erpnext":
        raise UsageError(f"--approximate goes with --for erpnext: {system} holds the plan's own levels")
    folder = RunFolder.open(Path(run), sealed=True)
    if not (folder.path / PLAN).is_file():
        raise UsageError(f"{folder.path} has no plan.csv: run optimize again with this version")
    name = f"{folder.path.name}-{system}{'-current' if current else ''}"
    there = _not_there(folder.path.with_name(name) if out is None else Path(out))
    plan = _read(folder.read_bytes(PLAN))
    end = _NOW if current else ""
    judged = checked.with_laws(folder)
    kept = checked.Kept(judged)
    nearest = _nearest(judged, kept) if approximate else _as_planned
    found, missing = _rules(plan, rule, end, nearest)
    if changes_only:
        other, _ = _rules(plan, rule, "" if current else _NOW, nearest)
        found = {row: one for row, one in found.items() if other.get(row) != one}
    table = _table(plan, found, system, columns, end)
    first = _first_lines(plan, found, system, kept, str(folder.manifest.get("period", "period")), current)
    notes = (
        *_moving(folder.manifest, current),
        *first,
        *_notes(plan, found, system, current, str(folder.manifest.get("period", "period"))),
        *_lost(plan, missing, current),
    )
    return _written(there, table, notes, _units(found, system))


def _moving(facts: dict[str, Any], current: bool) -> list[str]:
    """That the levels are those of one period, where they move with a forecast."""
    when = facts.get(MOVE)
    if current or not when:
        return []
    period = facts.get("period", "period")
    return [
        f"The levels are of the {period} of {when} and move with the forecast, which this system cannot: "
        f'plan and export anew every {period}, or plan with levels = "still" under [data.forecast].'
    ]


def _rule_of(system: str) -> Any:
    if system in SYSTEMS:
        return SYSTEMS[system]
    if system == "odoo":
        names = listed(_ODOO, 3, " or ")
        raise UsageError(
            f"--for odoo: versions round differently, the same numbers order differently; say {names}"
        )
    hint = f"; for SAP say --for csv --columns {SAP}" if system == SAP else ""
    raise UsageError(f"--for {system}: known are {listed(list(SYSTEMS), 9)}{hint}")


def _read(data: bytes) -> pd.DataFrame:
    """plan.csv with ids as text and the apostrophes before formulas taken off."""
    import pandas as pd

    texts = ["sku", "location", "product", "supplier", "segment", "family", "reason", "decision"]
    kinds = dict.fromkeys(texts, "object")
    empty = {name: [""] for name in _NUMBERS}
    frame = pd.read_csv(io.BytesIO(data), dtype=kinds, keep_default_na=False, na_values=empty)
    if "family_now" not in frame:  # runs before 0.3
        frame["family_now"] = ""
    for name in texts:
        frame[name] = [unguarded(str(cell)) for cell in frame[name]]
    return frame


def _as_planned(row: dict[Any, Any], levels: Levels) -> Levels:
    return levels


def _nearest(folder: RunFolder, kept: checked.Kept) -> Callable[[dict[Any, Any], Levels], Levels]:
    """(s,Q) in place of what orders up to S."""
    if not folder.has_table("items"):
        raise UsageError(f"{folder.path} does not say what is demanded: name the folder of optimize")
    asked = checked.demand_of_a_review(folder.read_table("items"))

    def nearest(row: dict[Any, Any], levels: Levels) -> Levels:
        if levels.family == LOTS:
            return levels
        key = row["sku"], row["location"]
        return checked.nearest_lots(levels, asked[key], kept.minimum_order(key))

    return nearest


def _rules(
    plan: pd.DataFrame, rule: Any, end: str, nearest: Callable[[dict[Any, Any], Levels], Levels]
) -> tuple[dict[int, Rule], list[int]]:
    """Rule of every row that has levels, and the rows that have none."""
    found: dict[int, Rule] = {}
    missing, refused = [], list[tuple[int, str]]()
    for row, one in enumerate(plan.to_dict("records")):
        levels = _levels(one, end)
        if levels is None:
            missing.append(row)
            continue
        try:
            found[row] = rule(nearest(one, levels))
        except NoRuleError as why:
            refused.append((row, str(why)))
    if refused and not found:
        raise InvalidInputError(
            [Problem("E-EXP-001", f"{len(refused):,} SKU-locations: {refused[0][1]}", PLAN)]
        )
    return found, missing + [row for row, _ in refused]


def _levels(row: dict[Any, Any], end: str) -> Levels | None:
    """Levels of a row of plan.csv; today's with `end`. None where they are not known."""
    s, big, lot = (
        _number(row[f"{name}{end}"]) for name in ("reorder_point", "order_up_to", "order_quantity")
    )
    pack = _number(row["pack_size"]) or 1.0
    family = str(row["family"])
    if end:
        told = LOTS if s is not None and lot else EVERY_REVIEW if s is None else "reorder_up_to"
        family = str(row["family_now"]) if row["family_now"] else told
    if (family == LOTS and (s is None or not lot)) or (family != LOTS and big is None):
        return None
    step = min((_step(one) for one in (s, big, lot) if one is not None), default=1.0)
    return Levels(family, s, big, lot, pack, step)


def _number(cell: Any) -> float | None:
    return None if cell is None or cell != cell else float(cell)


def _step(value: float) -> float:
    """1, or the part of a unit that a number with digits is counted in."""
    digits = f"{value:.6f}".rstrip("0").partition(".")[2]
    return 10.0 ** -len(digits)


def _table(
    plan: pd.DataFrame, found: dict[int, Rule], system: str, columns: str | Path | None, end: str
) -> pd.DataFrame:
    """The columns that the system imports."""
    import pandas as pd

    rows = plan.iloc[list(found)].reset_index(drop=True)
    numbers = {name: [_whole(getattr(one, name)) for one in found.values()] for name in _RULE}
    if system in _ODOO:
        multiples = numbers["multiple"]
        multiple: dict[str, list[Any]] = (
            {"replenishment_uom_id": [_unit(one) for one in multiples]}
            if system in _BY_UNIT
            else {"qty_multiple": [1 if one is None else one for one in multiples]}
        )
        levels = {"product_min_qty": numbers["minimum"], "product_max_qty": numbers["maximum"]}
        keys = {"product_id": rows["sku"], "location_id": rows["location"]}
        return pd.DataFrame({**keys, **levels, **multiple, "trigger": "auto"})
    if system == "erpnext":
        return pd.DataFrame(
            {
                "item_code": rows["sku"],
                "reorder_levels.warehouse": rows["location"],
                "reorder_levels.warehouse_reorder_level": numbers["minimum"],
                "reorder_levels.warehouse_reorder_qty": numbers["quantity"],
                "reorder_levels.material_request_type": "Purchase",
            }
        )
    known = {**{str(name): rows[name] for name in rows.columns}, **numbers}
    known["lot_size"] = ["FX" if one.quantity else "HB" for one in found.values()]
    if end:
        known |= {name.removesuffix(end): known[name] for name in known if name.endswith(end)}
        known |= dict.fromkeys(("safety_stock", "target"))  # the plan's; what stands today is not known
    wanted = _map(columns)
    if wanted is None:
        wanted = {name: name for name in ("sku", "location", "product", "supplier", "family", *_RULE)}
    unknown = [ours for ours in wanted.values() if ours not in known]
    if unknown:
        fix = f"columns are {listed([str(one) for one in known], 40)}"
        raise InvalidInputError([Problem("E-EXP-002", f"no column '{unknown[0]}'", str(columns), fix=fix)])
    return pd.DataFrame({theirs: known[ours] for theirs, ours in wanted.items()})


def _unit(multiple: float | None) -> str:
    """Name of the unit that holds so many, as Odoo calls its own; empty where nothing is rounded."""
    return "" if multiple in (None, 1) else f"Pack of {multiple:g}"


def _units(found: dict[int, Rule], system: str) -> pd.DataFrame | None:
    """The units that the table names, as Odoo imports them; None where it names none."""
    import pandas as pd

    sizes = {_whole(one.multiple) for one in found.values() if _unit(_whole(one.multiple))}
    if system not in _BY_UNIT or not sizes:
        return None
    held = sorted(one for one in sizes if one is not None)
    return pd.DataFrame(
        {"name": [_unit(one) for one in held], "relative_factor": held, "relative_uom_id": "Units"}
    )


def _map(columns: str | Path | None) -> dict[str, str] | None:
    """Their column → ours."""
    if columns is None:
        return None
    if str(columns) == SAP:
        text = resources.files("simlab.api.exporting").joinpath("sap.toml").read_text("utf-8")
    else:
        try:
            text = bytes_of(Path(columns)).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            fix = f'name a TOML file with a table [columns], or say "{SAP}"'
            raise InvalidInputError(
                [Problem("E-EXP-003", f"cannot be read: {why}", str(columns), fix=fix)]
            ) from None
    try:
        found = tomllib.loads(text).get("columns", {})
    except (ValueError, RecursionError) as error:
        raise InvalidInputError([Problem("E-EXP-003", f"is no TOML: {error}", str(columns))]) from None
    if not isinstance(found, dict) or not found or not all(isinstance(one, str) for one in found.values()):
        fix = '[columns], then lines such as MATNR = "sku"'
        raise InvalidInputError(
            [Problem("E-EXP-003", "has no table [columns] of names", str(columns), fix=fix)]
        )
    strange = [name for name in found if not name.strip() or not is_visible(name)]
    if strange:
        what = f"a heading that is empty or holds a sign that is not shown: '{visible(strange[0])}'"
        raise InvalidInputError([Problem("E-EXP-003", what, str(columns), fix="name it as the system does")])
    return {str(theirs): ours for theirs, ours in found.items()}


def _whole(value: float | None) -> float | int | None:
    return None if value is None else int(value) if float(value).is_integer() else round(value, 7)


def _first_lines(
    plan: pd.DataFrame, found: dict[int, Rule], system: str, kept: checked.Kept, period: str, current: bool
) -> list[str]:
    """Where the system orders otherwise than the plan, and what that serves, simulated."""
    rows = {row: one for row, one in enumerate(plan.to_dict("records")) if row in found}
    if system == "erpnext":
        rows = {row: one for row, one in rows.items() if one["family"] != LOTS}
        said = (
            f"{len(rows):,} rules are approximate: the plan orders up to S, ERPNext a fixed quantity below "
            "a level, here a review's demand (or S - s) in packs, below S less that. Checked "
            f"every {period}, this"
        )
    else:
        rows = {row: one for row, one in rows.items() if one["family"] == EVERY_REVIEW}
        said = (
            f"{len(rows):,} rules order up to S at every review (min = max = S): run the scheduler on "
            f"review days only. A system that checks every {period}"
        )
    if not rows or current:
        return []
    changes = {}
    for row, one in rows.items():
        levels = _levels(one, "")
        assert levels is not None
        change = (
            checked.in_erpnext(found[row], levels.step)
            if system == "erpnext"
            else checked.every_period(levels)
        )
        changes[one["sku"], one["location"]] = (checked.as_planned(levels), change)
    result = kept.checked(changes)
    unknown = "orders otherwise than planned; what it serves is not known, as the run kept no laws of these"
    unmet = sum(key not in kept.rows for key in changes) if system == "erpnext" and result else 0
    lots = [f"{unmet:,} of them: the run kept no minimum order, see to it."] if unmet else []
    return [f"{said} {result or unknown}.", *lots]


def _notes(plan: pd.DataFrame, found: dict[int, Rule], system: str, current: bool, period: str) -> list[str]:
    """What to check before the file is imported, most important first."""
    rows = plan.iloc[list(found)]
    lines = []
    waits = sorted({float(one) for one in rows["review_period"].dropna()})
    if waits and not current and system != "erpnext":
        each = ", ".join(f"{one:g}" for one in waits[:6])
        often = period if each == "1" else f"{each} {period}s"
        lines.append(f"The plan reviews every {often}: let the scheduler run then.")
    packs = int(((rows["pack_size"] > 1) & (rows["family"] != LOTS)).sum())
    if packs and system in _ODOO:
        how = "down, below" if system == "odoo18" else "up, past"
        lines.append(
            f"{packs:,} rules have packs: this version rounds {how} the maximum, simlab up past S; orders "
            "differ by less than a pack."
        )
    if system == "erpnext":
        lines.append(
            "Levels end in half a step: ERPNext of today orders at the level, older ones below it, and both "
            "order then at what the plan orders at. Where one lot does not reach above the level, ERPNext "
            "orders what is missing, not whole lots."
        )
    units = {_unit(_whole(found[row].multiple)) for row in found} - {""}
    if units and system in _BY_UNIT:
        lines.append(
            f"This version holds multiples as units: import {UNITS} first ({len(units):,} packs of the unit "
            '"Units"; those of products counted in another are made by hand), and allow each as packaging '
            "of its products."
        )
    changed = sum(guarded(str(one)) != str(one) for one in rows["sku"])
    if changed:
        lines.append(f"{changed:,} SKUs begin like a formula and carry an apostrophe: take it off.")
    what = " of today: the way back" if current else ""
    return [*lines, f"{len(rows):,} rules{what}."]


def _lost(plan: pd.DataFrame, missing: list[int], current: bool) -> list[str]:
    """SKU-locations that have no rule in the file."""
    if not missing:
        return []
    names = [f"{plan['sku'].iloc[row]}@{plan['location'].iloc[row]}" for row in missing[:_NAMED]]
    why = "no current levels are known" if current else "no levels that this system can hold"
    return [f"{len(missing):,} SKU-locations are not in the file ({why}): {listed(names, _NAMED)}."]


def _not_there(folder: Path) -> Path:
    if os.path.lexists(folder):
        raise UsageError(f"{folder} exists already: nothing is replaced, name another with --out")
    return folder


def _written(folder: Path, table: pd.DataFrame, notes: tuple[str, ...], units: pd.DataFrame | None) -> Export:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from error
    files: tuple[Path, ...] = (folder / FILE, folder / REVIEW)
    files[0].write_bytes(csv_bytes(table))
    files[1].write_text("\n".join(notes) + "\n", "utf-8")
    if units is not None:
        files = (*files, folder / UNITS)
        files[-1].write_bytes(csv_bytes(units))
    return Export(folder, files, table, notes)
