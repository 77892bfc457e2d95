"""Many machines: the only room that imports Ray. It holds adapters; what is done lies in the rooms that it serves.

Importing the room is importing Ray, so only `--engine ray` does.
"""
