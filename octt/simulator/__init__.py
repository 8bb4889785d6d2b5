"""A conformant charging station with switchable non-conformities: the embedded default device."""
