"""The run: the catalogue and the declaration make the plan, the pytest plugin carries it out.

May import `bench`, `csms`, `files`, `monitors`, `ocpp`, `pics`, `pki`, `record`, `script`, `station`,
`timeline` and `tls`.
"""
