"""Find the code that a function reaches without importing it.

reach.reach, cache.reaches           every project definition that a function reaches
check.unresolved_places            places where code hides what it reaches
imported.changed_modules              modules imported with another text than was read
versions.package_versions            the packages' versions

Nothing is imported here: ``import_hook`` comes before every other module of the project.
"""
