"""What viewers did: impressions, plays, ratings, searches and quality of experience."""
