"""One play's world: planned (plan, steps, rules), made and removed (world), on the host (host, uplink), its names (dns)."""
