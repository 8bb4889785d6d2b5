"""`python -m octt.simulator`: one simulated station as a process."""

from octt.simulator.main import command

if __name__ == "__main__":
    command()
