"""Units, task forces and their seats, users, and who may do what where and when."""
