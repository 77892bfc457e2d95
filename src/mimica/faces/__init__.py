"""Finding, tracking and cropping faces: knows networks only by their names."""
