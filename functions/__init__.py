"""The edge: everything that speaks HTTP or a trigger, and nothing else."""
