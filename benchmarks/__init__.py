"""The project's benchmarks: `python -m benchmarks [NAME]...`; how to read them stands in docs/benchmarks.md."""
