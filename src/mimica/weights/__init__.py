"""The weights that this project trained, as package data: *.onnx and weights.json."""
