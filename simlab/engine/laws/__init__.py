"""Numbers of the demand laws."""
