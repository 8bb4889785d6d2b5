"""One result model, and what is made of it: HTML, PDF, JSON, JUnit; signing and verifying."""
