"""A fleet in one thread: the real triggers, pipeline and embedded stores on a clock that only we move.

Everything that could differ between two runs (time, threads, faults, who goes next) is drawn from one seed,
so that a seed that fails fails again. `python -m tests.simulation --seed N` replays one.
"""
