"""Device drivers, one device kind a file; each speaks its own words (reports.py) and holds no policy."""
