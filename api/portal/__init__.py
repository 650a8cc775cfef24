"""The portal: pages on which a planner reads the plan, its parks and the findings of its review."""

from api.portal.filing import router as filing
from api.portal.pages import portal_page, router

__all__ = ["filing", "portal_page", "router"]
