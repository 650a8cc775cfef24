"""How fast does the map API answer, beside other servers over the same features in the same PostGIS?"""

from __future__ import annotations
