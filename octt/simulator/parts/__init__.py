"""What a station can do, a file for each capability. Knows `part`, `world`, `link` and the options, and no faults.

Parts reach one another through `self.station`; `octt/simulator/part.py` says how a part is written.
"""
