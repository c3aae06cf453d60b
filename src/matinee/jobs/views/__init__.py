"""What people ask of jobs: which there are, how many, what they cost, and how they hang together."""
