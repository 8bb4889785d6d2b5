"""The document as PDF. Built on `report.model` and `report.certificate`; takes nothing from `html`."""
