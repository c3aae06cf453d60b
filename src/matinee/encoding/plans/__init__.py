"""Which encodes a film gets: what it is like, what was tried of it, and what is shared out among its shots."""
