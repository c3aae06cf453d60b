"""How few bits encoding needs, beside a fixed ladder and other ways, and what finding that out costs."""
