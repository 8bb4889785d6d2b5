"""The runs of a product over its life: an index of a folder of runs, what got better and worse, trends, doubtful cases.

May import `measure`, `record` and `report`, which reads the records.
"""
