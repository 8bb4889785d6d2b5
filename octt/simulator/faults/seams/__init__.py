"""Where faults act: each class is a part that derives from the right one and does wrong what the active faults say.

A station without faults is made of the right parts alone. What a seam may not do is ask about a fault more often than
the fault could act: `@N` counts the questions.
"""
