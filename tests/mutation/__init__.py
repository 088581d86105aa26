"""Change every definition of the library, and look for stale results.

changes.py   the changes of a module's source
project.py   a copy of the project, a small job, and its artifacts without a change
child.py     one process with one changed project: keys, and steps with an equal key run again
worker.py    reads changes, forks a child for each, and reports the results
driver.py    starts a worker, sends it changes, and counts the results
"""
