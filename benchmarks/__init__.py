"""Measure the pipeline beside what one would use instead.

Both sides are measured in turn, on one machine, in fresh processes.
"""
