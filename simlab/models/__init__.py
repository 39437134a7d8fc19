"""History → laws of demand and lead time, calendars, order terms and costs."""

from simlab.models.account import full_account
from simlab.models.calendar import Calendar
from simlab.models.fit import Models, fit
from simlab.models.history import History, read_history
from simlab.models.terms import HOLDING_RATE, Costs

__all__ = ["HOLDING_RATE", "Calendar", "Costs", "History", "Models", "fit", "full_account", "read_history"]
