"""The portal: pages on which a planner reads the plan, its parks and the findings of its review."""
