"""What a station can do wrong. Knows the parts, which know nothing of it.

`fault.py` says what a fault is, `lists/` which there are and what must notice them (gathered by `catalogue.py`),
`seams/` where they act (gathered by `replacements.py`).
"""
