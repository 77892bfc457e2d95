"""Tasks, the resumable loop, recipes and export to ONNX."""
