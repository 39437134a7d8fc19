"""The researcher's page: a contest of segmentation schemes, from its run folder alone."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from simlab.report import formats
from simlab.report.contest_charts import charts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from simlab.run import RunFolder

COMMAND = "compare schemes"
REPORT = "report.html"
TABLES = ("tournament", "pairs", "controls", "classes", "free_classes", "regret", "scheme_segments")
TABLES_TOO = ("scheme_frontiers", "left_out")


def render_contest(run: RunFolder) -> Path:
    """Write `report.html` and the figures of a contest; one file, nothing is fetched."""
    from simlab.report import style

    tables = {name: run.read_table(name) for name in (*TABLES, *TABLES_TOO)}
    written, pictures = [], {}
    for name, figure in charts(tables, run.manifest).items():
        svg = style.to_svg(style.to_spec(figure))
        pictures[name] = svg
        written.append(run.write_text(f"figures/{name}.svg", svg))
        written.append(run.write_bytes(f"figures/{name}.png", style.to_png(svg)))
    page = run.write_text(REPORT, page_html(run.manifest, tables, pictures))
    run.register([*written, page])
    return page


def page_html(manifest: dict[str, Any], tables: dict[str, pd.DataFrame], pictures: dict[str, str]) -> str:
    """The page as text."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.undefined = jinja2.StrictUndefined
    assets = resources.files("simlab.report").joinpath("assets")
    template = environment.from_string(assets.joinpath("contest.html").read_text(encoding="utf-8"))
    winner = str(manifest["winner"])
    return template.render(
        manifest=manifest,
        style=assets.joinpath("style.css").read_text(encoding="utf-8"),
        pictures=pictures,
        fills=[formats.percent(fill) for fill in manifest["at_fill"]],
        standings=list(standings(tables["tournament"], manifest)),
        segments=list(segments(tables["scheme_segments"], winner, str(manifest.get("currency", "")))),
        rules=rules(tables["tournament"], winner),
        winner=winner,
        turned=list(turned(tables["pairs"])),
        left_out=tables["left_out"].to_dict("records"),
    )


def standings(tournament: pd.DataFrame, manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of the main table, cheapest first, at the floor that decides."""
    currency = str(manifest.get("currency", ""))
    for row in tournament[tournament["at_fill"] == manifest["at_fill"][0]].to_dict("records"):
        yield {
            "scheme": row["scheme"],
            "n_segments": row["n_segments"],
            "best": row["may_be_best"],
            "cost": formats.money(row["holding_cost"], currency),
            "price": formats.percent(row["percent_vs_per_sku"], 1),
            "price_span": _span(row, "percent_vs_per_sku"),
            "saving": formats.percent(row["percent_vs_one_class"], 1),
            "saving_span": _span(row, "percent_vs_one_class"),
            "free": formats.percent(row.get("percent_vs_free"), 1),
            "chance": "" if row["control_share"] != row["control_share"] else _chance(row["beats_random"]),
            "n_targets": row["n_targets"],
            "explained": formats.percent(row["explained"], 0),
            "fill": formats.percent(row["fill_at_capital"], 2),
            "ranks": _ranks(row),
        }


def segments(table: pd.DataFrame, scheme: str, currency: str) -> Iterator[dict[str, Any]]:
    """The winner's segments: value, target asked, service achieved."""
    total = table[table["scheme"] == scheme]["annual_value"].sum()
    for row in table[table["scheme"] == scheme].to_dict("records"):
        yield {
            "segment": row["segment"],
            "n_items": f"{row['n_items']:,}",
            "value": formats.money(row["annual_value"], currency),
            "share": formats.percent(row["annual_value"] / total if total else None, 0),
            "target": formats.target(row["target"]),
            "achieved": formats.percent(row["achieved"]),
            "span": formats.span(row["achieved_low"], row["achieved_high"], formats.percent),
        }


def rules(tournament: pd.DataFrame, scheme: str) -> list[str]:
    """How the winner sorts, one line per rule."""
    text = str(tournament[tournament["scheme"] == scheme]["rule"].iloc[0])
    head, _, body = text.partition(": ")
    if head == "learned":
        return [part.strip() for part in body.split(";")]
    return text.splitlines()


def turned(pairs: pd.DataFrame) -> Iterator[str]:
    """Pairs called different that did not hold on every further seed."""
    for row in pairs.to_dict("records"):
        if row["sign_changes"]:
            yield f"{row['a']} against {row['b']}: the sign changes on a further seed"
        elif row["not_told_apart_on"]:
            yield f"{row['a']} against {row['b']}: not told apart on {row['not_told_apart_on']} further seeds"


def _span(row: dict[str, Any], name: str) -> str:
    return formats.span(row[f"{name}_low"], row[f"{name}_high"], lambda value: formats.percent(value, 1))


def _chance(beats: bool) -> str:
    return "yes" if beats else "no"


def _ranks(row: dict[str, Any]) -> str:
    low, high = row["rank_catalogues_low"], row["rank_catalogues_high"]
    return "–" if low != low else f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
