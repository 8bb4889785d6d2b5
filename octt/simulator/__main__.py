"""`python -m octt.simulator`: one simulated station as a process."""

from octt.simulator.main import simulate

if __name__ == "__main__":
    simulate()
