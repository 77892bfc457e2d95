"""Systems under test: ours, the floors (static, landmark warp), the upper bound (rig warp), anybody's by a folder."""
