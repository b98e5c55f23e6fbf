"""What people do at the page: open once, hold, lock, lockdown, evacuate, acknowledge. Asked, answered, then proven."""
