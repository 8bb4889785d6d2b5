"""Proof that every check can fail, and old evidence judged anew: audits, the inventory, records and foreign logs.

An audit alters one frame of the station at a time and looks which step of a case notices.

May import `bench`, `monitors`, `ocpp`, `record`, `script` and `suite`.
"""
