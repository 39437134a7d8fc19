"""The workbook beside the page: the same tabs as sheets, for people who work in spreadsheets."""
