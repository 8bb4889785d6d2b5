"""The laboratory's certificates, their authority and their store. Imports no other room."""
