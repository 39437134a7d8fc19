"""Floors and limits of service in money: what each costs, and what lifting a segment would."""
