"""What is computed from the layers: overlays, the planning review, maps.

Nothing in here knows SQL, files, the environment or the web: GeoDataFrames, arrays and values go in and come out.
"""
