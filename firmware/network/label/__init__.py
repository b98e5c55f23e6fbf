"""What goes on the controller's label: where the page is, and by what a browser knows that it is this one."""
