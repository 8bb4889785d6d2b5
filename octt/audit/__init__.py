"""Proof that every check can fail, and old evidence judged anew: audits, the inventory, records and foreign logs.

An audit alters one frame of the station at a time and looks which step of a case notices.

`judge` holds an old record against the scripts and rules of today, `inspect` a log of somebody else's.

May import `bench`, `csms`, `files`, `monitors`, `ocpp`, `pics`, `pki`, `record`, `script`, `station`, `suite` and
`timeline`.
"""
