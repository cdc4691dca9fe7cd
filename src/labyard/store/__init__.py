"""The database: rows in, rows out. Knows SQL, not what plays mean."""
