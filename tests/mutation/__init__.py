"""Every definition of the library, changed mechanically: is any cached result stale?

changes.py   what can be changed in a module's source, and the changed source
project.py   a copy of the project, a small job, and its undisturbed artifacts
child.py     one process, one changed project: keys, and the steps whose key stood done again
worker.py    reads changes, forks a child for each, and tells what came of it
"""
