"""Typed ONNX sessions and the registry of weights: the only room that knows onnxruntime."""
