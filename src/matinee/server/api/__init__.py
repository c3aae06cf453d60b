"""The JSON API: one module per noun, all under ``/api``."""
