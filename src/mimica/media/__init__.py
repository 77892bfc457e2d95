"""Photos, videos and sound in and out: the only room that knows PyAV and Pillow."""
