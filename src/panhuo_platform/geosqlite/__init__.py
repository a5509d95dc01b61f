"""GeoDjango on the SQLite that ships with Python.

A geometry column is WKB in a BLOB; every spatially indexed column has an R*Tree beside it, kept by triggers; predicates
and the few functions that GeoDjango needs are Shapely's, registered on each connection. No SpatiaLite, no loadable
extension, no system library. What a query answers is what PostGIS answers; the tests run on both.

Set ``ENGINE`` to ``panhuo_platform.geosqlite``. Limits: one writer at a time; primary keys of spatially indexed tables
are integers (the R*Tree's keys are); distances are in the units of the column's coordinate system; stored shapes are
not transformed; a program without these functions can read the file but not write indexed tables, because the triggers
call them.
"""
