"""Files: tables read, results written whole or not at all, texts and export formats."""
