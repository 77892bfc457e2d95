"""Consent and what is written about it into every output."""
