"""One play's world: planned (plan, steps, rules), made (world), its place on the host (host, uplink), names (dns)."""
