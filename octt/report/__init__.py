"""One result model, and what is made of it: HTML, PDF, JSON, JUnit; signing and verifying.

May import `measure`, `ocpp`, `pics` and `record`.
"""
