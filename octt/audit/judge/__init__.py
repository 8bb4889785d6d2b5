"""An old record judged anew: today's scripts and rules against what a station did then, without the station.

A replaying Central System (`system.py`) tells what the record has, at its times, to scripts that run in virtual time.
What a script does must be what the record says was done then; where it is not, the case cannot be judged.
"""
