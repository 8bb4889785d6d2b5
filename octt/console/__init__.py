"""The live page of a run.

A page in the browser, served by the run's own process or beside a record: what goes on, and a person's answers. May
import `ocpp`, `record`, `station` and `timeline`.
"""
