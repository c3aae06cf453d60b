"""Conformance checks for every backend and model, shipped so that yours can be held to them too."""
