"""Files and DataFrames as text columns."""
