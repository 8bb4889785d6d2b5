"""Rules that watch every frame of every test case."""
