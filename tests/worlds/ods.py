"""A workbook of the kind .ods, written cell by cell: what programs that mark errors otherwise would write."""

import zipfile

MANIFEST = """<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="%s"/></manifest:manifest>"""


def ods(file, rows):
    """A workbook .ods of one sheet; a cell is an attribute's text and a word."""
    spaces = {
        "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
        "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
        "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
    }
    lines = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows)
    body = f'<office:body><office:spreadsheet><table:table table:name="Items">{lines}</table:table>'
    named = " ".join(f'xmlns:{name}="{space}"' for name, space in spaces.items())
    ends = "</office:spreadsheet></office:body></office:document-content>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("META-INF/manifest.xml", MANIFEST % kind)
        archive.writestr("content.xml", f"<office:document-content {named}>{body}{ends}")


def cell(value, more=""):
    """A cell of .ods."""
    if value is None:
        return "<table:covered-table-cell/>"
    kind = "string" if isinstance(value, str) else f'float" office:value="{value}'
    return f'<table:table-cell office:value-type="{kind}" {more}><text:p>{value}</text:p></table:table-cell>'
