"""Matinee: the AI of a film and series service, from the script to the screen.

Every subsystem works alone, as a library (``from matinee.encoding import ...``), as a command
(``matinee encoding ...``) and as part of the service (``matinee serve``).
"""

__version__ = "0.1.0"
