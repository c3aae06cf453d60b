"""Jobs: how many go through, how soon they begin, and what graphs cost."""
