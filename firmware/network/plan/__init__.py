"""The drawn plan of the site: laid out by code from the site file, live on the status page."""
