"""The page: one file that needs no network. Built on `report.model` and `report.certificate`."""
