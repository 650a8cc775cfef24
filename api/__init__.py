"""Every way in: OGC API, portal and command line, over `layers` and `gis`."""
