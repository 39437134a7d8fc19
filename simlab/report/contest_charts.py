"""Charts of a contest of schemes: prices, frontiers, numbers of classes, regret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from simlab.report.formats import currency_sign
from simlab.report.style import BLACK, BLUE, GREEN, GREY, VERMILLION, Figure, axis_money, named

if TYPE_CHECKING:
    import pandas as pd

PER_SKU, ONE, BOUND = "per-SKU plan", "one class", "best targets, free assignment"
_LINES = 5
_COLOURS = (BLUE, VERMILLION, GREEN, "#CC79A7", "#E69F00", "#56B4E9", BLACK, GREY)
_WIDTH = 760


def charts(tables: dict[str, pd.DataFrame], manifest: dict[str, Any]) -> dict[str, Figure]:
    """Every chart that the tables allow, by file name."""
    main = tables["tournament"][tables["tournament"]["at_fill"] == manifest["at_fill"][0]]
    main = main[main["holding_cost"].notna()]
    if main.empty:
        return {}
    found = {
        "price_by_scheme": price_chart(main, tables["controls"], manifest),
        "frontiers_by_scheme": frontier_chart(main, tables["scheme_frontiers"], manifest),
    }
    if len(tables["classes"]):
        found["price_by_classes"] = classes_chart(main, tables["classes"], tables["free_classes"], manifest)
    if len(tables["regret"]):
        found["regret"] = regret_chart(tables["regret"])
    return found


def price_chart(main: pd.DataFrame, controls: pd.DataFrame, manifest: dict[str, Any]) -> Figure:
    """Holding cost over the per-SKU plan, with intervals; random partitions of the same sizes behind."""
    base = main["holding_cost"].iloc[0] / (1 + main["percent_vs_per_sku"].iloc[0])
    lots = controls[controls["at_fill"] == manifest["at_fill"][0]].assign(
        price=lambda rows: rows["holding_cost"] / base - 1
    )[["scheme", "price"]]
    columns = [
        "scheme",
        "percent_vs_per_sku",
        "percent_vs_per_sku_low",
        "percent_vs_per_sku_high",
        "may_be_best",
    ]
    order = main["scheme"].tolist()
    y = alt.Y("scheme:N", title=None, sort=order, axis=alt.Axis(labelLimit=220, domain=False))
    axis = alt.Axis(format=".0%")
    title = "Holding cost over the per-SKU plan at equal fill (grey ticks: random partitions)"
    x = alt.X("percent_vs_per_sku:Q", title=title, axis=axis, scale=alt.Scale(zero=True))
    rows = named("rows")
    ticks = (
        named("lots")
        .mark_tick(color=GREY, opacity=0.5, thickness=1)
        .encode(y=y, x=alt.X("price:Q", title=title))
    )
    spans = rows.mark_rule(strokeWidth=2).encode(
        y=y, x=alt.X("percent_vs_per_sku_low:Q", title=title), x2="percent_vs_per_sku_high:Q"
    )
    colour = alt.condition("datum.may_be_best", alt.value(BLUE), alt.value(VERMILLION))
    dots = rows.mark_point(filled=True, size=70, opacity=1).encode(y=y, x=x, color=colour)
    chart = alt.layer(ticks, spans, dots).properties(width=_WIDTH - 200, height=22 * len(order))
    return Figure(chart, {"rows": main[columns], "lots": lots})


def frontier_chart(main: pd.DataFrame, points: pd.DataFrame, manifest: dict[str, Any]) -> Figure:
    """Holding cost against fill rate of the cheapest schemes, the one class and the per-SKU plan."""
    names = [*[name for name in main["scheme"] if name != ONE][:_LINES], ONE, PER_SKU]
    fills = manifest["at_fill"]
    low = 1 - 2.5 * (1 - min(fills))
    rows = points[points["scheme"].isin(names) & (points["fill_rate"] >= low)]
    sign = currency_sign(str(manifest.get("currency", "")))
    lines = (
        named("rows")
        .mark_line(point=alt.OverlayMarkDef(size=14), strokeWidth=1.6)
        .encode(
            x=alt.X(
                "fill_rate:Q", title="Fill rate (verdict seed)", axis=alt.Axis(format=".0%"), scale=_tight()
            ),
            y=alt.Y(
                "holding_cost:Q",
                title=f"Holding cost per year ({manifest.get('currency', '')})",
                axis=alt.Axis(format="~s", labelExpr=axis_money(sign)),
            ),
            color=_colour(names, "scheme"),
        )
    )
    return Figure(alt.layer(lines).properties(width=_WIDTH - 120, height=360), {"rows": rows})


def classes_chart(
    main: pd.DataFrame, classes: pd.DataFrame, free: pd.DataFrame, manifest: dict[str, Any]
) -> Figure:
    """Price of segmentation against the number of classes: verdict seed, and the bound for any scheme."""
    known = set(classes["scheme"])
    names = [*[name for name in main["scheme"] if name in known][:_LINES]]
    names += ["random"] if "random" in known and "random" not in names else []
    table = classes[classes["scheme"].isin(names)]
    bound = free[free["at_fill"] == manifest["at_fill"][0]].assign(scheme=BOUND)
    columns = ["scheme", "classes", "percent_vs_per_sku", "percent_vs_per_sku_low", "percent_vs_per_sku_high"]
    rows = alt_concat([table[columns], bound[columns]])
    x = alt.X("classes:Q", title="Classes", axis=alt.Axis(format="d", tickMinStep=1))
    title = "Holding cost over the per-SKU plan at equal fill"
    y = alt.Y("percent_vs_per_sku:Q", title=title, axis=alt.Axis(format=".0%"))
    colour = _colour([*names, BOUND], "scheme")
    base = named("rows")
    lines = base.mark_line(point=alt.OverlayMarkDef(size=40), strokeWidth=1.6).encode(x=x, y=y, color=colour)
    spans = base.mark_rule().encode(
        x=x, y=alt.Y("percent_vs_per_sku_low:Q", title=title), y2="percent_vs_per_sku_high:Q", color=colour
    )
    return Figure(alt.layer(lines, spans).properties(width=_WIDTH - 120, height=320), {"rows": rows})


def regret_chart(regret: pd.DataFrame) -> Figure:
    """Share of the plan's cost that a plan made for the judge's own definition would save."""
    rows = regret[["made_for", "judged_by", "regret"]].assign(
        made_for=regret["made_for"].str.replace("_", " "), judged_by=regret["judged_by"].str.replace("_", " ")
    )
    order = list(dict.fromkeys(rows["made_for"]))
    x = alt.X("judged_by:N", title="judged by", sort=order, axis=alt.Axis(labelAngle=-30, orient="top"))
    y = alt.Y("made_for:N", title="made for", sort=order, axis=alt.Axis(labelLimit=200))
    shade = alt.Color("regret:Q", scale=alt.Scale(scheme="oranges", domainMin=0), legend=None)
    boxes = named("rows").mark_rect().encode(x=x, y=y, color=shade)
    text = named("rows").mark_text(fontSize=12).encode(x=x, y=y, text=alt.Text("regret:Q", format=".1%"))
    return Figure(
        alt.layer(boxes, text).properties(width=90 * len(order), height=36 * len(order)), {"rows": rows}
    )


def alt_concat(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables one below the other."""
    import pandas as pd

    return pd.concat(frames, ignore_index=True)


def _colour(names: list[str], field: str) -> alt.Color:
    scale = alt.Scale(domain=names, range=list(_COLOURS[: len(names)]))
    return alt.Color(
        f"{field}:N", scale=scale, legend=alt.Legend(title=None, orient="top", columns=4, labelLimit=240)
    )


def _tight() -> alt.Scale:
    return alt.Scale(zero=False, nice=False)
