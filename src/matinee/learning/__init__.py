"""Models and what they learn from: interactions, metrics, policies, and the shelf where fitted models lie."""
