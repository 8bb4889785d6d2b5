"""The evidence: one append-only, hash-chained event log per run; writer and reader."""
