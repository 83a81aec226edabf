"""What every threshold gives: a page, a table, a picture."""
