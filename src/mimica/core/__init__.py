"""Records, geometry, timing, colour and motion: pure NumPy, knows no file, device or clock."""
