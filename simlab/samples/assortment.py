"""What the demo retailer sells, from whom, and where: plain tables, invented names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """One product group.

    Attributes
    ----------
    name, noun : str
        Group, and the word in the product's name.
    n_skus : int
        SKUs in a range of 600.
    price : float
        Median selling price, EUR.
    margin : float
        (price − unit cost) ÷ price.
    holding_rate : float
        Per year; high where models age fast.
    volume : float
        Litres per unit.
    pack_size : int
        Units per supplier pack.
    kinds : tuple of float
        Shares of core, seasonal, promotional and niche SKUs.
    peak : int
        Day of the year around which the seasonal ones sell best.
    """

    name: str
    noun: str
    n_skus: int
    price: float
    margin: float
    holding_rate: float
    volume: float
    pack_size: int
    kinds: tuple[float, float, float, float]
    peak: int


@dataclass(frozen=True)
class Supplier:
    """One supplier.

    Attributes
    ----------
    mean, cv : float
        Lead time: mean in days, standard deviation ÷ mean.
    brands : tuple of str
        Brands bought from it.
    """

    name: str
    mean: float
    cv: float
    brands: tuple[str, ...]


@dataclass(frozen=True)
class Location:
    """One stocking point, with its share of sales and its sales by weekday (Monday first)."""

    name: str
    channel: str
    share: float
    weekdays: tuple[float, ...]


KINDS = ("core", "seasonal", "promotional", "niche")
CATEGORIES = (
    Category("laptops", "Laptop", 40, 780.0, 0.14, 0.30, 9.0, 1, (0.25, 0.15, 0.20, 0.40), 335),
    Category("smartphones", "Phone", 40, 430.0, 0.13, 0.30, 1.2, 1, (0.35, 0.10, 0.25, 0.30), 340),
    Category("tablets", "Tablet", 25, 310.0, 0.15, 0.28, 2.5, 1, (0.25, 0.20, 0.20, 0.35), 345),
    Category("televisions", "TV", 30, 620.0, 0.17, 0.25, 160.0, 1, (0.20, 0.30, 0.20, 0.30), 335),
    Category("monitors", "Monitor", 25, 240.0, 0.16, 0.24, 45.0, 1, (0.25, 0.10, 0.20, 0.45), 250),
    Category("cameras", "Camera", 30, 540.0, 0.20, 0.25, 3.0, 1, (0.10, 0.25, 0.10, 0.55), 170),
    Category("headphones", "Headphones", 45, 85.0, 0.32, 0.22, 1.5, 4, (0.35, 0.15, 0.20, 0.30), 345),
    Category("speakers", "Speaker", 30, 120.0, 0.30, 0.22, 8.0, 2, (0.25, 0.20, 0.20, 0.35), 345),
    Category("gaming", "Game console set", 30, 150.0, 0.22, 0.24, 7.0, 2, (0.20, 0.35, 0.20, 0.25), 345),
    Category("smart-home", "Smart sensor", 40, 48.0, 0.35, 0.22, 0.9, 6, (0.25, 0.10, 0.20, 0.45), 20),
    Category("cooling", "Fan", 15, 70.0, 0.33, 0.20, 35.0, 2, (0.10, 0.70, 0.10, 0.10), 190),
    Category("kitchen", "Mixer", 35, 95.0, 0.30, 0.20, 14.0, 2, (0.20, 0.15, 0.25, 0.40), 340),
    Category("printers", "Printer", 15, 180.0, 0.18, 0.22, 38.0, 1, (0.20, 0.10, 0.20, 0.50), 255),
    Category("ink", "Ink cartridge", 50, 24.0, 0.38, 0.20, 0.3, 10, (0.40, 0.00, 0.05, 0.55), 255),
    Category("storage", "Solid-state drive", 40, 92.0, 0.22, 0.26, 0.2, 5, (0.30, 0.05, 0.20, 0.45), 335),
    Category("cables", "Cable", 60, 11.0, 0.55, 0.18, 0.2, 20, (0.45, 0.00, 0.10, 0.45), 345),
    Category("chargers", "Charger", 30, 27.0, 0.45, 0.20, 0.3, 10, (0.45, 0.05, 0.15, 0.35), 345),
    Category("batteries", "Battery pack", 20, 9.0, 0.50, 0.18, 0.2, 24, (0.60, 0.20, 0.05, 0.15), 350),
)
SUPPLIERS = (
    Supplier("Adler Distribution", 4.0, 0.15, ("Velora", "Nuvex")),
    Supplier("Bluemarch Trading", 6.0, 0.25, ("Ostara", "Kite&Co")),
    Supplier("Cardinal Supply", 7.0, 0.15, ("Hexline",)),
    Supplier("Delmont Imports", 10.0, 0.30, ("Lumora", "Praxon")),
    Supplier("Eastgate Wholesale", 12.0, 0.20, ("Tandem",)),
    Supplier("Fjordline Parts", 14.0, 0.45, ("Skagen Audio", "Norrvik")),
    Supplier("Golden Harbour", 28.0, 0.35, ("Jadeon", "Weibo Tech")),
    Supplier("Harbin Components", 35.0, 0.25, ("Redlake",)),
    Supplier("Ibex Electronics", 9.0, 0.60, ("Alpina", "Granit")),
    Supplier("Juniper Direct", 5.0, 0.10, ("Homely",)),
    Supplier("Kestrel Overseas", 42.0, 0.20, ("Sundial", "Monsun")),
    Supplier("Lantern Group", 21.0, 0.50, ("Firefly",)),
)
LOCATIONS = (
    Location("ECOM", "online", 0.50, (1.10, 1.05, 1.00, 1.00, 0.95, 0.90, 1.00)),
    Location("STORE-CENTRE", "store", 0.30, (0.80, 0.80, 0.90, 1.00, 1.30, 1.60, 0.60)),
    Location("STORE-NORTH", "store", 0.20, (0.75, 0.75, 0.85, 1.00, 1.35, 1.75, 0.55)),
)
# shops and warehouse are shut: no demand, and not a zero either
CLOSED = ("2024-01-01", "2024-12-25", "2025-01-01", "2025-12-25")
