"""A trained network as one ONNX file and a card about it, for use beyond the study."""
