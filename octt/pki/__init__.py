"""The laboratory's certificates, their authority and their store. May import nobody."""
