"""Tables as people keep them, CSV and XLSX: read row by row in bounded memory, and written."""
