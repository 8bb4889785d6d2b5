"""Keys, signature, chain of hashes, override.

Keys, signature, chain of hashes, override: what makes a run's folder evidence. May import `record`.
"""
