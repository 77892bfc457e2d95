"""Measurements: what the parts and the whole reach on data that no training saw."""
