"""Tables in: read as text, typed by our own rules, every row accounted for."""

from simlab.catalog.catalog import Catalog, DemandTable, ReceiptTable
from simlab.catalog.load import from_frames
from simlab.catalog.quality import Quality, QualityRow

__all__ = ["Catalog", "DemandTable", "Quality", "QualityRow", "ReceiptTable", "from_frames"]
