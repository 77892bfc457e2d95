"""Network definitions in torch: knows no file, no device, no training."""
