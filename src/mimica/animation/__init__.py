"""Prepare, encode, retarget, render, compose: a photo performs what a driver does."""
