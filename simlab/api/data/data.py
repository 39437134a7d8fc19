"""A study's data, read and checked, with the laws fitted to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab import mapped
from simlab.api.settings import Settings, give_back, refuse_little_address_space, threads_of, workers_of
from simlab.arrays import FloatArray
from simlab.catalog import Catalog, Quality
from simlab.catalog import from_frames as catalog_from_frames
from simlab.catalog.load import load as load_catalog
from simlab.catalog.quality import full_account
from simlab.engine.prepare.on_grid import parts_of
from simlab.measures.shown import Public
from simlab.models import History, Models, fit, fit_gaps, known_past, read_history
from simlab.models.history import no_history
from simlab.models.history.calendar import Calendar
from simlab.models.history.reading import calendar_of
from simlab.study import Study, read_study

if TYPE_CHECKING:
    import pandas as pd
    from narwhals.typing import IntoFrame

    from simlab.api.show import ResultTable
    from simlab.segments import Segmentation


@dataclass(frozen=True, eq=False, repr=False)
class Data(Public):
    """Checked tables of a study.

    Attributes
    ----------
    catalog : Catalog
        One row per SKU-location, and the histories.
    threads : int, optional
        That fit the laws; those of the study if left out. No law depends on it.

    Examples
    --------
    >>> import simlab as sl
    >>> data = sl.demo(n_skus=6)
    >>> data.quality.rows("items", "used")
    18
    >>> data.to_frame().columns[:2].tolist()
    ['sku', 'location']
    """

    catalog: Catalog
    threads: int | None = None

    @property
    def study(self) -> Study:
        """The options everything runs under."""
        return self.catalog.study

    @property
    def quality(self) -> Quality:
        """Rows, units and value: used, repaired, refused; what the laws left out is counted too."""
        return full_account(self.catalog.quality, (*no_history.notes(self.catalog), *self.models.notes))

    @cached_property
    def models(self) -> Models:
        """Demand and lead-time laws, fitted once."""
        refuse_little_address_space()
        threads = threads_of(workers_of(self.study, self.threads))
        fitted = fit(self.catalog, threads=threads)
        give_back()
        return fitted

    def with_models(self, models: Models) -> Data:
        """The same tables under other laws.

        Examples
        --------
        >>> data.with_models(other.models)
        """
        other = Data(self.catalog, self.threads)
        vars(other)["models"] = models
        return other

    @cached_property
    def history(self) -> History | None:
        """Demand per period that the laws rest on, prepared as the study says; None without a table."""
        return read_history(known_past(self.catalog)[0])

    @cached_property
    def calendar(self) -> Calendar | None:
        """The whole periods of the history; None without a table."""
        return calendar_of(known_past(self.catalog)[0])

    def let_go(self) -> None:
        """Hold the history (12 bytes a period with demand) no longer: it is read again where asked for.

        Examples
        --------
        >>> data.let_go()
        """
        vars(self).pop("history", None)

    @cached_property
    def fit_gaps(self) -> FloatArray | None:
        """(n,) `models.fit_gaps` of histories and laws, found once; None without histories."""
        return None if self.history is None else fit_gaps(self.models.world.demand, self.history)

    def to_frame(self) -> pd.DataFrame:
        """One row per SKU-location: what was fitted, and why.

        Examples
        --------
        >>> data.to_frame()[["sku", "location", "demand_law", "demand_reason"]]
        """
        from simlab.api.data.fitted import model_frame

        return model_frame(self.catalog, self.models)

    def fit_test(self, segmentation: Segmentation) -> ResultTable:
        """Do the laws fit, segment by segment? Out of sample, one period ahead; ``.plot()`` draws PITs.

        Raises
        ------
        UsageError
            No history is long enough.

        Examples
        --------
        >>> data.fit_test(sl.segment(data, by="abc")).plot()
        """
        from simlab.api.data.fitted import fit_table

        return fit_table(self.catalog, self.models, self.history, segmentation)

    def lead_times(self) -> pd.DataFrame:
        """One row per supplier: lead times received and simulated, promises, drift, shared delays, parts.

        Of the past that laws are fitted to; no rows without receipts.

        Examples
        --------
        >>> data.lead_times()[["supplier", "mean_days", "p95_days"]]
        """
        from simlab.api.data.fitted import supplier_frame

        return supplier_frame(known_past(self.catalog)[0], self.models)

    def __repr__(self) -> str:
        n_demand = self.catalog.demand.item.size if self.catalog.demand is not None else 0
        return f"Data({self.study.name!r}: {self.catalog.n_items:,} SKU-locations, {n_demand:,} demand rows)"

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(repr(self), self.quality.to_frame())


def settings_of(
    data: Data,
    *,
    replications: int | None = None,
    verdict_replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
) -> Settings:
    """How a command runs on these data: as the caller says, else the study; windows and parts of the laws."""
    return Settings.of(
        data.study,
        replications=replications,
        verdict_replications=verdict_replications,
        seed=seed,
        workers=workers,
        window_scale=data.models.window_scale,
        parts=parts_of(data.models.world),
    )


def load(path: str | Path, *, threads: int | None = None) -> Data:
    """Read a study file and the tables it names.

    Parameters
    ----------
    path : str or Path
        The study file (TOML).
    threads : int, optional
        `Data.threads`.

    Returns
    -------
    Data
        Everything checked; laws are fitted when first needed.

    Raises
    ------
    InvalidInputError
        With every problem of the study file, or of the tables, at once.

    Examples
    --------
    >>> import simlab as sl
    >>> data = sl.load("study.toml")
    >>> data.quality.to_frame()
    """
    with mapped.beside(Path(path).parent):
        data = with_segments(load_catalog(read_study(Path(path))))
    give_back()
    return replace(data, threads=threads)


def load_frames(
    items: IntoFrame,
    demand: IntoFrame | None = None,
    receipts: IntoFrame | None = None,
    open_orders: IntoFrame | None = None,
    *,
    periods: IntoFrame | None = None,
    forecast: IntoFrame | None = None,
    forecast_errors: IntoFrame | None = None,
    study: Study | Mapping[str, Any] | None = None,
) -> Data:
    """The same from frames of pandas, polars, Arrow or DuckDB, under the rules that hold for files.

    Parameters
    ----------
    items, demand, receipts, open_orders : DataFrame
        Columns as in the files; only `items` is always needed.
    periods : DataFrame, optional
        Fiscal periods (name, start, end), for ``period = "fiscal"``.
    forecast, forecast_errors : DataFrame, optional
        Your own forecast, and past ones with what came; the options name them:
        ``{"data": {"forecast": {}, "forecast_errors": {}}}``.
    study : Study or mapping, optional
        Options: sections by name with their options, as in a study file; the defaults if left out.

    Raises
    ------
    InvalidInputError
        With every problem of the options, or of the tables, at once.

    Examples
    --------
    >>> import simlab as sl
    >>> options = {"study": {"period": "day", "currency": "EUR"}, "policy": {"review_period": 7}}
    >>> data = sl.load_frames(items, demand, study=options)
    """
    options = study if isinstance(study, Study) else Study.default(**dict(study or {}))
    tables = {"forecast": forecast, "forecast_errors": forecast_errors}
    coming = {name: frame for name, frame in tables.items() if frame is not None}
    return with_segments(
        catalog_from_frames(options, items, demand, receipts, periods, open_orders, coming=coming)
    )


def with_segments(catalog: Catalog) -> Data:
    """The catalogue's data without what has no history, as the study says.

    Segments that overrides name are found first, without those overrides.
    """
    from simlab.segments.overrides import segments_of_overrides

    catalog = no_history.leave_out(catalog)
    segment = segments_of_overrides(catalog)
    return Data(catalog if segment is None else replace(catalog, segment=segment))


def demo(
    seed: int = 2026,
    study: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    n_skus: int | None = None,
) -> Data:
    """A made-up electronics retailer: about 600 SKUs at two stores and an e-commerce warehouse.

    Parameters
    ----------
    seed : int
        Of the generator; the default is the one that `simlab demo` uses.
    study : mapping, optional
        Options of the study file by section that take the place of the demo's, such as
        ``{"replay": {"holdout": 56}}``.
    n_skus : int, optional
        A smaller range, to try things in seconds; each SKU lies at one to three places.

    Examples
    --------
    >>> import simlab as sl
    >>> data = sl.demo(n_skus=6)
    >>> data
    Data('retailer': 18 SKU-locations, 1,707 demand rows)
    """
    import tomllib

    from simlab.samples import study_text
    from simlab.samples.retailer import retailer
    from simlab.study import parse_study

    options = tomllib.loads(study_text())
    for section, changed in (study or {}).items():
        options[section] = {**options.get(section, {}), **changed}
    frames = retailer(seed=seed) if n_skus is None else retailer(seed=seed, n_skus=n_skus)
    return load_frames(frames.items, frames.demand, frames.receipts, study=parse_study(options))
