"""Real servers that the tests start, on free ports and in temporary folders, and stop at their end.

Each module offers `address()`: where its server listens, started at the first call of this process and
its children; `TEST_<NAME>` in the environment names a server that is there already. Where none can be
had it skips the test, saying what to install.
"""
