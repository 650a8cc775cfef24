"""The portal: pages on which a planner reads the plan, its parks and the findings of its review."""

from api.portal.filing import router as filing
from api.portal.history import router as history
from api.portal.pages import portal_page, router

__all__ = ["filing", "history", "portal_page", "router"]
