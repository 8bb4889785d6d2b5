"""The words of the cases about firmware, diagnostics and logs. Part of `octt.script`."""
