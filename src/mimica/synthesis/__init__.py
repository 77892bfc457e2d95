"""The data engine: portraits of nobody, animated by a morphable head with exact truth."""
