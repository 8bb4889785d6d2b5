"""Open conformance test harness for OCPP 1.6-J charging stations."""


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for: what was installed, by its tag or commit."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib import metadata

    try:
        return metadata.version("octt")
    except metadata.PackageNotFoundError:  # sources that nobody installed
        return "0+unknown"
