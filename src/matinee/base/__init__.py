"""What is true of any service, with no word of film in it.

Settings, errors, ids, the clock, progress, logging, plots, and the five ports on which everything
stands: tables, objects, the bus and compute. Nothing here imports anything above it.
"""
