"""The certificate-style form and its two layouts, 2024 and 2025. Built on `report.model`."""
