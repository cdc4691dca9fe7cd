"""Images from registries and archives: fetched, verified, unpacked in a jail."""
