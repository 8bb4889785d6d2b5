"""One result, read from the record: cases, findings, frames, the rules of the verdict.

May import `measure`, `pics` and `record`.
"""
