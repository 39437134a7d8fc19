"""Online Retail sales and SCMS lead-time shapes → items, demand and receipts for simlab.

Both sets are public; nothing links the sales of one to the suppliers of the other, so every lead time
here is an assumption. The folder that holds them is named by the environment variable SIMLAB_DATA.

    python prepare.py WORK            # writes WORK/{study.toml, items.csv, demand.csv, receipts.csv}
"""

from __future__ import annotations

import argparse
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
FIRST_MONDAY, LAST_SUNDAY = np.datetime64("2010-12-06"), np.datetime64("2011-12-04")
COUNTRIES = ("United Kingdom", "Germany", "France", "EIRE")
LEAST_ACTIVE_WEEKS = 10
COST_SHARE = 0.6  # unit cost ÷ price, assumed
HOLDING_RATE = 0.25  # per year, assumed
MEAN_LEAD_DAYS = 28  # of every vendor, assumed
LEAST_RECEIPTS = 10
LONGEST_LEAD_DAYS = 364
SHIFT_DAYS = 1092  # purchase orders are dated three years earlier, so that all lie before the last sale
SETTINGS = ("main", "recorded", "crossing")


@dataclass(frozen=True)
class Prepared:
    """Tables for simlab and what became of the raw rows.

    Attributes
    ----------
    items, demand, receipts : DataFrame
        As simlab reads them; money in GBP, demand in units per week (dated on its Monday).
    account : dict of str to int
        Rows counted on the way.
    """

    items: pd.DataFrame
    demand: pd.DataFrame
    receipts: pd.DataFrame
    account: dict[str, int]


def data_folder() -> Path:
    """The folder of public data, from SIMLAB_DATA."""
    folder = os.environ.get("SIMLAB_DATA", "")
    if not folder:
        raise SystemExit("set SIMLAB_DATA to the folder that holds online_retail/ and scms_deliveries/")
    return Path(folder)


def prepare(folder: Path, setting: str = "main") -> Prepared:
    """Apply every rule of the README.

    Parameters
    ----------
    folder : Path
        Holds online_retail/transactions.parquet and scms_deliveries/deliveries.parquet.
    setting : str
        "main" and "crossing": vendor shapes scaled to a mean of 28 days; "recorded": as recorded.
    """
    account: dict[str, int] = {}
    sales = without_cancelled(read_lines(folder, account), account)
    weekly, items = weekly_demand(sales, account)
    receipts = lead_time_shapes(folder, account, scaled=setting != "recorded")
    vendors = sorted(receipts["supplier"].unique())
    items["supplier"] = [vendors[stable_hash(sku) % len(vendors)] for sku in items["sku"]]
    account["SKU-locations"] = len(items)
    for country in COUNTRIES:
        account[f"SKU-locations {country}"] = int((items["location"] == country).sum())
    return Prepared(items, weekly, receipts, account)


def read_lines(folder: Path, account: dict[str, int]) -> pd.DataFrame:
    """Invoice lines of products in the four countries, at a price: sales and cancellations."""
    path = folder / "online_retail" / "transactions.parquet"
    columns = ["invoice", "sku", "quantity", "datetime", "unit_price", "customer_id", "country"]
    lines = pd.read_parquet(path, columns=columns)
    account["lines read"] = len(lines)
    in_country = lines["country"].isin(COUNTRIES)
    product = lines["sku"].str.match(r"^\d{5}")
    priced = lines["unit_price"] > 0
    account["lines of other countries"] = int((~in_country).sum())
    account["lines without a product code"] = int((in_country & ~product).sum())
    account["lines without a positive price"] = int((in_country & product & ~priced).sum())
    lines = lines[in_country & product & priced].reset_index(drop=True)
    lines["sku"] = lines["sku"].str.upper()
    return lines


def without_cancelled(lines: pd.DataFrame, account: dict[str, int]) -> pd.DataFrame:
    """Sales that no later line cancels.

    A cancellation (invoice C…, quantity < 0) removes the latest earlier sale of the same customer, SKU,
    quantity and price that is not removed yet; one that finds none is counted and not netted.
    """
    cancels = lines["invoice"].str.startswith("C") & (lines["quantity"] < 0)
    sold = ~lines["invoice"].str.startswith("C") & (lines["quantity"] > 0)
    removed = _match(lines[sold], lines[cancels])
    account["cancellations"] = int(cancels.sum())
    account["cancellations matched to a sale"] = removed.size
    account["cancellations unmatched, not netted"] = int(cancels.sum()) - removed.size
    account["other negative lines, ignored"] = int((~cancels & ~sold).sum())
    sales = lines[sold].drop(index=removed)
    account["exact duplicate lines kept"] = int(sales.duplicated().sum())
    account["sales lines kept"] = len(sales)
    return sales


def _match(sales: pd.DataFrame, cancels: pd.DataFrame) -> np.ndarray:
    """Index labels of the sales that a cancellation removes: per key a stack, latest sale on top."""
    key = ["customer_id", "sku", "size", "unit_price"]
    known = cancels[cancels["customer_id"].notna()].assign(size=lambda rows: -rows["quantity"], what=0)
    candidates = sales[sales["customer_id"].notna()].assign(size=lambda rows: rows["quantity"], what=1)
    candidates = candidates[_in(candidates, known, key)]
    events = pd.concat([known, candidates])
    # at equal minutes the cancellation comes first: the sale it removes must be earlier
    events = events.sort_values([*key, "datetime", "what"], kind="stable")
    group = events.groupby(key, sort=False).ngroup().to_numpy()
    open_sales: list[int] = []
    removed: list[int] = []
    last = -1
    for number, what, label in zip(group.tolist(), events["what"].tolist(), events.index, strict=True):
        if number != last:
            open_sales, last = [], number
        if what == 1:
            open_sales.append(label)
        elif open_sales:
            removed.append(open_sales.pop())
    return np.array(removed, dtype=np.int64)


def _in(rows: pd.DataFrame, others: pd.DataFrame, key: list[str]) -> np.ndarray:
    """(n,) whether a row's key occurs among the others, in row order."""
    wanted = pd.MultiIndex.from_frame(others[key].drop_duplicates())
    return pd.MultiIndex.from_frame(rows[key]).isin(wanted)


def weekly_demand(sales: pd.DataFrame, account: dict[str, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Demand per SKU, country and week, and the items with at least ten active weeks."""
    day = sales["datetime"].to_numpy().astype("datetime64[D]")
    inside = (day >= FIRST_MONDAY) & (day <= LAST_SUNDAY)
    account["sales lines outside the 52 weeks"] = int((~inside).sum())
    sales, day = sales[inside], day[inside]
    monday = FIRST_MONDAY + (day - FIRST_MONDAY).astype(np.int64) // 7 * 7
    sales = sales.assign(date=monday.astype("datetime64[s]"), value=sales["quantity"] * sales["unit_price"])
    names = {"country": "location"}
    weekly = sales.groupby(["sku", "country", "date"], as_index=False)["quantity"].sum().rename(columns=names)
    weeks = weekly.groupby(["sku", "location"])["date"].transform("size")
    weekly = weekly[weeks >= LEAST_ACTIVE_WEEKS].reset_index(drop=True)
    by_sku = sales.groupby("sku")[["value", "quantity"]].sum()
    price = by_sku["value"] / by_sku["quantity"]
    items = weekly[["sku", "location"]].drop_duplicates().reset_index(drop=True)
    of_item = price.reindex(items["sku"]).to_numpy()
    items["price"] = of_item.round(4)
    items["unit_cost"] = (COST_SHARE * of_item).round(4)
    items["holding_rate"] = HOLDING_RATE
    items["review_period"] = 7
    items["lead_time"] = MEAN_LEAD_DAYS
    account["demand rows (SKU, country, week)"] = len(weekly)
    return weekly, items


def lead_time_shapes(folder: Path, account: dict[str, int], *, scaled: bool) -> pd.DataFrame:
    """One receipt per distinct (vendor, PO date, delivery date) of vendors with at least ten.

    With `scaled` the vendor's lead times are multiplied so that their mean is 28 days.
    """
    columns = {
        "vendor": "supplier",
        "po_sent_to_vendor_date_iso": "order_date",
        "delivered_to_client_date_iso": "receipt_date",
    }
    lines = pd.read_parquet(folder / "scms_deliveries" / "deliveries.parquet", columns=list(columns))
    account["delivery lines read"] = len(lines)
    lines = lines.rename(columns=columns).dropna()
    lines = lines[(lines["order_date"] != "") & (lines["receipt_date"] != "")].drop_duplicates()
    account["distinct deliveries with both dates"] = len(lines)
    for column in ("order_date", "receipt_date"):
        lines[column] = pd.to_datetime(lines[column], format="%Y-%m-%d")
    days = (lines["receipt_date"] - lines["order_date"]).dt.days
    account["deliveries before their order, refused"] = int((days < 0).sum())
    account["deliveries over 364 days, refused"] = int((days > LONGEST_LEAD_DAYS).sum())
    lines, days = lines[days.between(0, LONGEST_LEAD_DAYS)], days[days.between(0, LONGEST_LEAD_DAYS)]
    enough = lines.groupby("supplier")["order_date"].transform("size") >= LEAST_RECEIPTS
    lines, days = lines[enough], days[enough].astype(float)
    if scaled:
        days = days / days.groupby(lines["supplier"]).transform("mean") * MEAN_LEAD_DAYS
    order_date = lines["order_date"] - pd.Timedelta(days=SHIFT_DAYS)
    whole = np.floor(days.to_numpy() + 0.5).astype("timedelta64[D]")
    receipts = pd.DataFrame(
        {
            "supplier": lines["supplier"],
            "order_date": order_date,
            "receipt_date": order_date.to_numpy() + whole,
            "quantity": 1,
        }
    )
    account["vendors"] = receipts["supplier"].nunique()
    account["receipts"] = len(receipts)
    return receipts.sort_values(["supplier", "order_date", "receipt_date"]).reset_index(drop=True)


def stable_hash(text: str) -> int:
    """The same number on every machine and in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def study_text(setting: str = "main") -> str:
    """The study file; the setting "crossing" lets orders overtake each other."""
    text = (HERE / "study.toml").read_text(encoding="utf-8")
    return text.replace("crossing = false", "crossing = true") if setting == "crossing" else text


def write(prepared: Prepared, work: Path, setting: str = "main") -> Path:
    """Write the tables and the study file into an empty or new folder; the study file's path."""
    work.mkdir(parents=True, exist_ok=True)
    if any(work.iterdir()):
        raise SystemExit(f"{work} is not empty, name another folder")
    for name in ("items", "demand", "receipts"):
        table: pd.DataFrame = getattr(prepared, name)
        table.to_csv(work / f"{name}.csv", index=False, date_format="%Y-%m-%d", lineterminator="\n")
    (work / "study.toml").write_text(study_text(setting), encoding="utf-8")
    return work / "study.toml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="new or empty folder for the tables")
    parser.add_argument("--setting", choices=SETTINGS, default="main")
    arguments = parser.parse_args()
    prepared = prepare(data_folder(), arguments.setting)
    print(write(prepared, arguments.work, arguments.setting))
    for what, rows in prepared.account.items():
        print(f"{rows:>9,}  {what}")


if __name__ == "__main__":
    main()
