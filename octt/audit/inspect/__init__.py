"""The log of somebody else's Central System, held against the schemas and the rules on every frame.

`finding.py` finds frames in lines of any make, `talk.py` makes of them what a record would say, `judging.py` judges it.
"""
