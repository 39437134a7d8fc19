"""Clusters of items with similar attributes (scikit-learn)."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray, IntArray, mean_of
from simlab.errors import UsageError
from simlab.segments.classes import Classes, ranked
from simlab.segments.scheme import SchemeInput, scheme

ATTRIBUTES = ("annual_value", "cv", "mean_lead_time", "unit_cost")
_MOST_FOR_TREE = 12_000


@scheme(
    "kmeans",
    source="MacQueen (1967); Lloyd (1982)",
    options={"attributes": ATTRIBUTES, "classes": 4, "seed": 0},
)
def kmeans(data: SchemeInput) -> Classes:
    """k-means clusters of the logarithms of attributes, standardised."""
    points, order = _points(data)
    from sklearn.cluster import KMeans

    model = KMeans(data.integer("classes", 1), n_init=10, random_state=data.integer("seed"))
    return _named(data, _single_threaded(model, points), points, order)


@scheme(
    "hierarchical",
    source="Ward (1963), Hierarchical grouping to optimize an objective function, JASA 58",
    options={"attributes": ATTRIBUTES, "classes": 4},
)
def hierarchical(data: SchemeInput) -> Classes:
    """Ward's hierarchical clusters of the logarithms of attributes, standardised."""
    points, order = _points(data)
    if data.n_items > _MOST_FOR_TREE:
        raise data.refuse("E-SEG-014", f"at most {_MOST_FOR_TREE} SKU-locations fit", "use 'kmeans'")
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(data.integer("classes", 1), linkage="ward")
    return _named(data, _single_threaded(model, points), points, order)


def _points(data: SchemeInput) -> tuple[FloatArray, IntArray]:
    """Standardised log attributes in the order of sku and location, and that order."""
    _refuse_without_sklearn(data)
    columns = []
    for name in data.strings("attributes"):
        values = np.log1p(
            np.maximum(np.nan_to_num(data.numbers["cv"]) if name == "cv" else data.number(name), 0.0)
        )
        if np.ptp(values) == 0:
            raise data.refuse("E-SEG-003", f"attribute '{name}' is constant, it separates nothing")
        apart = values - mean_of(values)
        columns.append(apart / np.sqrt(mean_of(apart**2)))
    if not columns:
        raise data.refuse("E-SEG-010", "option 'attributes' names no column")
    order = ranked(np.zeros(data.n_items), data.sku, data.location)
    points = np.stack(columns, axis=1)[order]
    distinct = np.unique(points, axis=0).shape[0]
    if data.integer("classes", 1) > distinct:
        raise data.refuse(
            "E-SEG-012", f"{data.options['classes']} classes for {distinct} distinct SKU-locations"
        )
    return points, order


def _refuse_without_sklearn(data: SchemeInput) -> None:
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        raise UsageError(f"scheme '{data.scheme}' needs scikit-learn: pip install scikit-learn")


def _single_threaded(model: object, points: FloatArray) -> IntArray:
    """Cluster numbers; on one thread, so that sums are added in one order."""
    from importlib import import_module

    with import_module("threadpoolctl").threadpool_limits(limits=1):
        return np.asarray(model.fit_predict(points), dtype=np.int64)  # type: ignore[attr-defined]


def _named(data: SchemeInput, clusters: IntArray, points: FloatArray, order: IntArray) -> Classes:
    """Clusters K1, K2, … from the highest mean of the first attribute to the lowest."""
    k = int(clusters.max()) + 1
    centres = np.array([points[clusters == number, 0].mean() for number in range(k)])
    place = np.empty(k, dtype=np.int64)
    place[np.argsort(-centres, kind="stable")] = np.arange(k)
    codes = np.empty(data.n_items, dtype=np.int64)
    codes[order] = place[clusters]
    names = ", ".join(data.strings("attributes"))
    rule = (
        f"{data.scheme}: {k} clusters of the standardised logarithms of {names}; K1 is highest in the first"
    )
    return Classes(codes, tuple(f"K{number}" for number in range(1, k + 1)), rule)
