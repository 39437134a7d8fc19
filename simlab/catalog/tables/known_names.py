"""Names that ERP systems and people give to what simlab reads under another name, or does not read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from simlab.catalog.columns import TABLES, near

_UNITS = {"d": "days", "day": "days", "days": "days", "w": "weeks", "wk": "weeks", "wks": "weeks"} | {
    "week": "weeks",
    "weeks": "weeks",
    "month": "months",
    "months": "months",
    **dict.fromkeys(("tag", "tage", "tagen"), "days"),
    **dict.fromkeys(("woche", "wochen"), "weeks"),
    **dict.fromkeys(("monat", "monate", "monaten"), "months"),
}
_IDLE = frozenset(
    {"qty", "quantity", "units", "unit", "pcs", "eur", "usd", "gbp", "chf", "value", "no", "nr", "code"}
    | {"menge", "stueck", "stk", "me"}
)
_COUNTED = frozenset({"qty", "quantity", "units", "menge"})
"""Before a name: qty_on_hand."""
_JOINING = ("in", "per", "je", "pro")
_TIMES = ("lead_time", "lead_time_sd", "review_period", "review_phase")
_SIMILAR = 0.85
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_SKU = (
    *("material", "material_number", "matnr", "materialnummer", "article", "article_number", "item"),
    *("item_id", "item_number", "item_code", "part", "part_number", "product_id", "product_code"),
    *("stock_code", "stockcode", "artikel", "artikelnummer", "artikelnr", "artikel_nr", "art_nr", "artnr"),
    *("artikel_id", "teilenummer", "teil", "teilenr", "teile_nr", "sachnummer", "produkt", "produktnummer"),
    *("materialnr", "material_nr", "mat_nr", "internal_reference", "product_internal_reference"),
    *("default_code", "interne_referenz"),
)
_SUPPLIER = (
    *("vendor", "vendor_id", "vendor_name", "vendor_number", "supplier_id", "supplier_name"),
    *("supplier_number", "lieferant", "lieferantennummer", "lieferantenname", "kreditor", "lifnr"),
    *("lieferantennr", "lieferanten_nr", "lief_nr", "lieferant_lieferwerk", "default_supplier"),
)
_PLACE = (
    *("plant", "werk", "warehouse", "site", "store", "branch", "depot", "lager", "lagerort", "standort"),
    *("niederlassung", "betrieb", "filiale", "werks", "lagernummer", "source_location", "source_warehouse"),
)

NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "items": {
        "sku": _SKU,
        "location": _PLACE,
        "unit_cost": (
            *("purchase_price", "buying_price", "cost_price", "einkaufspreis", "ek", "ek_preis"),
            "cost",
            "std_cost",
            "standard_cost",
            "standard_price",
            "std_price",
            "stprs",
            "moving_average_price",
            "verpr",
            "average_cost",
            "einstandspreis",
            *("gleitender_durchschnittspreis", "durchschnittspreis", "bewertungspreis", "herstellkosten"),
            *("standardpreis", "stueckkosten", "selbstkosten", "gleitender_preis", "ek_preis_netto"),
            *("valuation_rate", "unit_cost_price", "landed_cost", "einkaufspreis_netto", "ek_netto"),
        ),
        "price": (
            "sales_price",
            "list_price",
            "selling_price",
            "unit_price",
            "verkaufspreis",
            "vk",
            "vk_preis",
            *("listenpreis", "verkaufspreis_netto", "vk_netto", "retail_price", "unit_sales_price"),
        ),
        "supplier": _SUPPLIER,
        "product": (
            *("description", "product_name", "item_name", "item_description", "material_description"),
            *("maktx", "bezeichnung", "artikelbezeichnung", "materialkurztext", "kurztext", "artikeltext"),
        ),
        "lead_time": (
            "leadtime",
            "lt",
            "planned_delivery_time",
            "delivery_time",
            *("planned_deliv_time", "pl_deliv_time", "wbz"),
            "wiederbeschaffungszeit",
            "lieferzeit",
            *("planlieferzeit", "plan_lieferzeit", "plifz", "beschaffungszeit", "beschaffungsdauer"),
            *("supplier_lead_time", "replenishment_lead_time", "procurement_time", "delivery_lead_time"),
            *("lead_time_calculation", "purchase_lead_time"),
        ),
        "lead_time_sd": ("lt_sd", "lead_time_std", "lead_time_stdev", "sd_lead_time", "sigma_lead_time"),
        "review_period": ("review_cycle", "review", "order_cycle", "review_interval"),
        "on_hand": (
            *("stock", "stock_on_hand", "qoh", "soh", "on_hand_stock", "inventory", "unrestricted_stock"),
            *(
                "available_stock",
                "current_stock",
                "bestand",
                "lagerbestand",
                "freier_bestand",
                "frei_verwendbar",
                "labst",
                "verfuegbarer_bestand",
            ),
        ),
        "on_order": (
            "open_orders",
            "open_po",
            "qty_on_order",
            "in_transit",
            "on_order_stock",
            "purchase_orders",
            *("bestellt", "offene_bestellungen", "bestellbestand"),
        ),
        "moq": (
            "min_order_qty",
            "min_order_quantity",
            "minimum_order_quantity",
            "min_lot_size",
            "mindestmenge",
            *("mindestbestellmenge", "mindestlosgroesse", "bstmi"),
        ),
        "pack_size": (
            "pack",
            "pack_qty",
            "case_size",
            "case_pack",
            "rounding_value",
            "package_size",
            "multiple",
            *("verpackungseinheit", "vpe", "rundungswert", "gebindegroesse", "bstrf", "order_multiple"),
        ),
        "max_order": (
            "max_order_qty",
            "maximum_order_quantity",
            "max_lot_size",
            "hoechstbestellmenge",
            "maximale_losgroesse",
        ),
        "order_quantity": (
            "lot_size",
            "eoq",
            "order_qty",
            "fixed_lot_size",
            *("reorder_quantity", "reorder_qty"),
            "losgroesse",
            *("bestellmenge", "feste_losgroesse", "bstfe"),
        ),
        "current_reorder_point": (
            *(
                "reorder_point",
                "rop",
                "min",
                "min_level",
                "reorder_level",
            ),
            *("meldebestand", "bestellpunkt", "minbe", "trigger_level"),
        ),
        "current_order_up_to": (
            *(
                "max",
                "max_qty",
                "max_stock",
                "maximum_stock",
                "max_level",
                "maximum_inventory",
                "order_up_to",
                "order_up_to_level",
            ),
            *(
                "target_stock",
                "base_stock",
                "hoechstbestand",
                "par_level",
                "maximalbestand",
                "sollbestand",
                "mabst",
            ),
        ),
        "current_order_quantity": ("current_lot_size", "current_q"),
        "holding_rate": ("carrying_rate", "holding_cost_rate", "interest_rate", "lagerkostensatz"),
        "order_cost": ("ordering_cost", "setup_cost", "cost_per_order", "bestellkosten", "bestellkostensatz"),
        "shortage_cost": ("stockout_cost", "penalty_cost", "backorder_cost"),
        "criticality": ("critical", "vital", "ved", "ved_class"),
        "unit_volume": ("volume", "cubic_metres", "m3"),
        "unit_resolution": ("smallest_unit", "decimals"),
        "container_volume": ("container_size", "container_m3"),
    },
    "demand": {
        "sku": (*_SKU, "product"),
        "location": _PLACE,
        "date": (
            "day",
            "posting_date",
            "order_date",
            "sales_date",
            "invoice_date",
            "datum",
            "buchungsdatum",
            "tag",
            *("verkaufsdatum", "belegdatum", "rechnungsdatum", "bestelldatum", "lieferdatum", "monat"),
            *("auftragsdatum", "budat"),
            *("week", "month", "period", "week_start", "transaction_date", "shipped_date"),
        ),
        "quantity": (
            "qty",
            "units",
            "demand",
            "sales",
            "sold",
            "amount",
            "menge",
            "units_sold",
            "issued",
            "absatz",
            "verbrauch",
            *("verkauf", "verkaufsmenge", "bedarf", "abgang", "entnahme", "stueckzahl", "usage"),
            *("verbrauchsmenge", "absatzmenge", "abgangsmenge", "entnahmemenge"),
            *("consumption", "shipped", "quantity_sold", "sales_qty", "issues", "order_qty"),
        ),
    },
    "open_orders": {
        "sku": (*_SKU, "product"),
        "location": _PLACE,
        "quantity": ("qty", "units", "amount", "menge", "open_quantity", "bestellmenge", "offene_menge"),
        "due_date": ("due", "delivery_date", "expected_date", "eta", "lieferdatum", "liefertermin"),
        "supplier": _SUPPLIER,
    },
    "receipts": {
        "sku": _SKU,
        "location": _PLACE,
        "supplier": _SUPPLIER,
        "order_date": (
            "po_date",
            "ordered",
            "date_ordered",
            "creation_date",
            "bestelldatum",
            "purchase_date",
            "order_created",
            "bedat",
        ),
        "receipt_date": (
            "received",
            "date_received",
            "delivery_date",
            "arrival_date",
            "goods_receipt",
            "gr_date",
            *(
                "wareneingang",
                "wareneingangsdatum",
                "eingangsdatum",
                "lieferdatum",
                "zugangsdatum",
                "we_datum",
            ),
        ),
        "quantity": (
            *("qty", "ordered_quantity", "order_quantity", "amount", "menge", "bestellmenge", "liefermenge"),
            *("gelieferte_menge", "wareneingangsmenge"),
        ),
    },
}
"""Table → our column → names it goes by elsewhere (lower case, words joined by _)."""

NOT_READ: dict[str, str] = {
    "safety_stock": "a result here, not read: today's levels are current_reorder_point, current_order_up_to",
    "service_level": "targets are per segment: policy.targets",
    "target_service": "targets are per segment: policy.targets",
    "fill_rate": "targets are per segment: policy.targets",
    "eisbe": "a result here, not read: today's levels are current_reorder_point, current_order_up_to",
    "sicherheitsbestand": "a result here, not read: today's levels are current_reorder_point and the like",
    "shelf_life": "shelf life is not in this version",
    "min_order_value": "of one order at a supplier: minimum_order_value (simlab orders); moq is in units",
    "due_date": "of what is on order: on_order_due, or order by order in data.open_orders",
    "abc": "segments.by names it, if it is to make segments",
    "abc_class": "segments.by names it, if it is to make segments",
    "abc_kennzeichen": "segments.by names it, if it is to make segments",
}
"""Further names of items and what becomes of them."""

DOUBTFUL: dict[str, dict[str, str]] = {
    "min_qty": {
        "moq": "the smallest order",
        "current_reorder_point": "where orders are placed today",
        "minimum_level": "stock that no plan goes below",
    },
    "min_stock": {
        "minimum_level": "stock that no plan goes below",
        "current_reorder_point": "where orders are placed today",
    },
}
DOUBTFUL |= dict.fromkeys(("minimum_stock", "mindestbestand", "minimalbestand"), DOUBTFUL["min_stock"])
_TO_COME = re.compile(
    r"(due|arriv\w*|incoming|inbound|in_transit|(expected|scheduled|planned)_receipts?|open_pos?|open_orders?"
    r"|on_order|pos?|eta)(_in|_on|_by)?(_?(days?|weeks?|months?|periods?|wk|[dwmp]))?_?\d[\d_]*"
)
"""Names of items that mean one thing in one system and another in the next: what each column of ours is."""
_ONE_BY_ONE = (
    "is it on order? Then as rows of a table under [data.open_orders]: sku, location, quantity, due_date, "
    "one row for each order"
)


def plain(name: str) -> str:
    """A column's name in lower case with words joined by _: "Lead Time (days)" is lead_time_days."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip().translate(_UMLAUTS))
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def comes_later(name: str) -> bool:
    """Whether a column of items holds what comes in one period: due_week_1, arrivals_2, po_2025_03_01."""
    return _TO_COME.fullmatch(plain(name)) is not None


def meant(table: str, name: str, among: Sequence[str]) -> tuple[str, str]:
    """Which of our columns a name of a file most likely means, and the unit that the name carries.

    Parameters
    ----------
    table : str
        items, demand or receipts.
    name : str
        As the file has it.
    among : sequence of str
        Columns of ours that the table does not have yet.

    Returns
    -------
    (column, unit) : (str, str)
        Both may be empty, as for names of items that mean this here and that there (`DOUBTFUL`); the unit is
        days, weeks or months.
    """
    base = plain(name)
    if table == "items" and (base in DOUBTFUL or comes_later(name)):
        return "", ""
    names = NAMES.get(table, {})
    words = base.split("_")
    unit = _UNITS.get(words[-1], "") if len(words) > 1 else ""
    without = [word for word in words[:-1] if word not in _JOINING]  # Lieferzeit in Tagen
    stems = [base, "_".join(without) if unit or words[-1] in _IDLE else base]
    stems += ["_".join(words[1:])] if words[0] in _COUNTED and len(words) > 1 else []
    for stem in dict.fromkeys(stems):
        for column in among:
            if stem in (column, column.replace("_", "")) or stem in names.get(column, ()):
                return column, unit if column in _TIMES else ""
    if any(stem in TABLES[table] for stem in stems[1:]):  # a second one of a column that the table has
        return "", ""
    like = difflib.get_close_matches(stems[1], list(among), n=1, cutoff=_SIMILAR)
    return (like[0], unit if like[0] in _TIMES else "") if like else ("", "")


def resembles(name: str, among: Sequence[str]) -> bool:
    """Whether a further column of items is most likely one of ours, or what comes later: `hint` asks."""
    doubtful = any(one in among for one in DOUBTFUL.get(plain(name), {}))
    return comes_later(name) or (not doubtful and bool(meant("items", name, among)[0]))


def hint(name: str, among: Sequence[str], time_unit: str) -> str:
    """What to write if a further column of items means one of ours; empty if it resembles none."""
    column, unit = meant("items", name, among)
    base = plain(name)
    choices = [f"{one} ({what})" for one, what in DOUBTFUL.get(base, {}).items() if one in among]
    if choices:
        line = f'columns = {{ {choices[0].split()[0]} = "{name}" }}'
        return f"may be {' or '.join(choices)}: say which, such as {line}"
    if comes_later(name):
        return _ONE_BY_ONE
    if not column:
        stem = base.rsplit("_", 1)[0] if base.rsplit("_", 1)[-1] in (*_UNITS, *_IDLE) else base
        return NOT_READ.get(base, NOT_READ.get(stem, ""))
    text = f"did you mean '{column}'?"
    if column in _TIMES:
        text += f" it is in data.time_unit (now {time_unit})"
        if unit and unit != time_unit:
            text += f", not in {unit}"
    return f'{text}: columns = {{ {column} = "{name}" }}'


def line_to_paste(table: str, missing: Sequence[str], names: Sequence[str]) -> str:
    """``columns = { sku = "MATNR", … }`` with all that the names of a file tell, required columns first."""
    found: dict[str, str] = {}
    for column in (*missing, *(one for one in TABLES[table] if one not in names and one not in missing)):
        others = [name for name in names if name not in TABLES[table] and name not in found.values()]
        for name in others:
            if meant(table, name, (column,)) == (column, ""):
                found[column] = name
                break
    for column in missing:
        guess = re.search("did you mean '(.+)'", source_of(table, column, names))
        if column not in found and guess:
            found[column] = guess[1]
    said = ", ".join(f'{column} = "{name}"' for column, name in found.items())
    return f"columns = {{ {said} }} under [data.{table}]"


def source_of(table: str, column: str, names: Sequence[str]) -> str:
    """A question that names the column of a file that most likely is a required one of ours."""
    rules = TABLES[table]
    for name in names:
        if name not in rules and meant(table, name, (column,))[0] == column:
            return f"did you mean '{name}'?"
    if table == "items" and column == "sku" and "product" in names:  # which is what a SKU is called
        return "did you mean 'product'?"
    return near(column, names)
