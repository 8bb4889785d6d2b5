"""The project's benchmarks: `python -m bench [NAME]...`; how to read them stands in docs/benchmarks.md."""
