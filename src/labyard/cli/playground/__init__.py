"""`labyard playground`: from the catalog to the end of a play."""
