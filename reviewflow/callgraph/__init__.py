"""Find the code that a function reaches, by reading source and never importing it.

reach.reach, cache.reaches           every project definition that a function reaches
check.unresolved_places            where that cannot be told
imported.changed_modules              modules imported with another text than was read
versions.package_versions            the packages' versions

Nothing is imported here: ``import_hook`` comes before every other module of the project.
"""
