"""What the rules share: frames as they were heard, transactions, idTags, and what was done to the station."""
