"""What outlives every reboot of a station: its hardware and mains, its memory, its clock. Imports nobody here."""
